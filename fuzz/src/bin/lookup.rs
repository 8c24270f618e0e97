//! Fuzzes `targets::lookup`.
#![cfg_attr(not(test), no_main)]

site_fuzz::target!(lookup);
