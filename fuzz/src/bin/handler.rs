//! Fuzzes `targets::handler`.
#![cfg_attr(not(test), no_main)]

site_fuzz::target!(handler);
