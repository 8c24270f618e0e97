//! Fuzzes `targets::coded`.
#![cfg_attr(not(test), no_main)]

site_fuzz::target!(coded, 64 << 20);
