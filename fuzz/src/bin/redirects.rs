//! Fuzzes `targets::redirects`.
#![cfg_attr(not(test), no_main)]

site_fuzz::target!(redirects);
