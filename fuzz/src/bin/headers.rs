//! Fuzzes `targets::headers`.
#![cfg_attr(not(test), no_main)]

site_fuzz::target!(headers);
