//! Fuzzes `targets::url`.
#![cfg_attr(not(test), no_main)]

site_fuzz::target!(url);
