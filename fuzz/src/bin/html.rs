//! Fuzzes `targets::html`.
#![cfg_attr(not(test), no_main)]

site_fuzz::target!(html);
