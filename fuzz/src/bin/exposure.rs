//! Fuzzes `targets::exposure`.
#![cfg_attr(not(test), no_main)]

site_fuzz::target!(exposure, 32 << 20);
