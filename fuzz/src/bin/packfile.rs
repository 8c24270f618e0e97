//! Fuzzes `targets::packfile`.
#![cfg_attr(not(test), no_main)]

site_fuzz::target!(packfile);
