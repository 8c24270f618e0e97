//! Fuzzes `targets::negotiation`.
#![cfg_attr(not(test), no_main)]

site_fuzz::target!(negotiation);
