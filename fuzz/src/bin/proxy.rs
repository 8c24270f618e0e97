//! Fuzzes `targets::proxy`.
#![cfg_attr(not(test), no_main)]

site_fuzz::target!(proxy);
