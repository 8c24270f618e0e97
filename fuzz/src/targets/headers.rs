//! `_headers`: what the baker accepts is read back from the pack with the same fields, and every field can be sent.
//!
//! Comments like `#? /path` ask about paths.

use crate::bake::Policy;
use crate::input::questions;
use crate::pack::Pack;
use crate::rule::{Field, Glob, HeaderRules, PageHashes, addresses};
use crate::sample::{self, sendable};
use crate::site::{Lookup, Owner, Site, Trace, TrailingSlash};

const PATHS: &[&str] = &["index.html", "a.css", "docs/index.html", "docs/é.html", "docs/app-BwSg8kAx.js"];

pub fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let (policy, problems) = sample::policy(&[("_headers", text)], PATHS);
    assert!(problems.iter().all(|problem| problem.starts_with("_headers:")));
    if !problems.is_empty() {
        return;
    }
    let site = Site::new(sample::pack(PATHS, &policy, None), Vec::new());
    let defaults = Site::new(sample::pack(PATHS, &Policy::default(), None), Vec::new());
    let rules = HeaderRules::decode(&policy.sections().header_rules);
    assert_eq!(rules.encode(), policy.sections().header_rules);
    for path in PATHS {
        let mut expected = fields(&defaults, path);
        let counts = |pattern: &Glob| addresses(path).any(|address| pattern.matches(address));
        rules.apply(counts, &mut expected, &PageHashes::default());
        let baked = fields(&site, path);
        assert_eq!(baked, expected, "{path}");
        sendable(&baked);
        known_to_the_pack(site.pack(), &baked);
    }
    for raw in questions(text) {
        answered_elsewhere(&site, raw);
    }
}

fn fields(site: &Site, path: &str) -> Vec<Field> {
    let Lookup::Found(asset) =
        site.lookup(&crate::rule::encode_path(path), None, TrailingSlash::None, &mut Trace::off())
    else {
        panic!("{path} is a file")
    };
    asset.fields()
}

/// The fields of answers that are no asset at its own address.
fn answered_elsewhere(site: &Site, raw: &str) {
    let mut own = Vec::new();
    site.apply_rules(raw, &mut own);
    sendable(&own);
    let Some(page) = site.application_page() else { return };
    for owner in [Owner::Site, Owner::Overlay] {
        let Some(fields) = site.fields_elsewhere(&page, owner, raw) else { continue };
        sendable(&fields);
        let cached = |fields: &[Field]| fields.iter().find(|field| field.name == "cache-control").cloned();
        assert!(owner == Owner::Site || cached(&fields) == cached(&page.fields()), "an overlay keeps its cache policy");
    }
}

fn known_to_the_pack(pack: &Pack, fields: &[Field]) {
    let names: Vec<&[u8]> = pack.header_names().collect();
    assert!(fields.iter().all(|field| names.contains(&field.name.as_bytes())));
}
