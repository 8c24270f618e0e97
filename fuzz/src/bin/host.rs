//! Fuzzes `targets::host`.
#![cfg_attr(not(test), no_main)]

site_fuzz::target!(host);
