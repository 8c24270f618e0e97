//! Fuzzes `targets::pack`.
#![cfg_attr(not(test), no_main)]

site_fuzz::target!(pack);
