//! Fuzzes `targets::log`.
#![cfg_attr(not(test), no_main)]

site_fuzz::target!(log);
