//! Fuzzes `targets::gate`.
#![cfg_attr(not(test), no_main)]

site_fuzz::target!(gate);
