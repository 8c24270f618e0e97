//! Fuzzes `targets::path`.
#![cfg_attr(not(test), no_main)]

site_fuzz::target!(path);
