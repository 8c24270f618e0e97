//! Fuzzes `targets::rules`.
#![cfg_attr(not(test), no_main)]

site_fuzz::target!(rules);
