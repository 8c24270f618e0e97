//! Fuzzes `targets::range`.
#![cfg_attr(not(test), no_main)]

site_fuzz::target!(range);
