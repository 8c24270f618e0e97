//! Fuzzes `targets::preconditions`.
#![cfg_attr(not(test), no_main)]

site_fuzz::target!(preconditions);
