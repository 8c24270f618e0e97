//! Fuzzes `targets::keep`.
#![cfg_attr(not(test), no_main)]

site_fuzz::target!(keep);
