//! Fuzzes `targets::css`.
#![cfg_attr(not(test), no_main)]

site_fuzz::target!(css);
