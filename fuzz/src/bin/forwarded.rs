//! Fuzzes `targets::forwarded`.
#![cfg_attr(not(test), no_main)]

site_fuzz::target!(forwarded);
