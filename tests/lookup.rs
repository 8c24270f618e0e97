//! Lookup: which asset, redirect or error page a path leads to.

mod clean_urls;
mod error_pages;
mod names;
mod redirects;
mod spa;
mod traversal;

/// Asserts that a Location leads to a path of this site, whoever reads it.
#[track_caller]
fn stays_here(location: &str) {
    let mut characters = location.chars();
    assert_eq!(characters.next(), Some('/'), "not a path: {location:?}");
    assert!(!matches!(characters.next(), Some('/' | '\\')), "another host: {location:?}");
    assert!(!location.contains(|c: char| c.is_control() || c == '\\' || c == ' '), "{location:?}");
}
