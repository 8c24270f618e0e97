//! The rules in a pack on hostile bytes. The first character says what they are taken for.

use crate::rule::{Glob, HeaderRules, PageHashes, Redirects, decode_policy_files, encode_policy_files};

const PATHS: &[&str] = &["", "a", "a/", "a/b", "docs/x/y", "é", "a b", "%2f", "..", "//"];

pub fn check(input: &[u8]) {
    let Some((kind, bytes)) = input.split_first() else { return };
    match kind {
        b'e' => redirects(Redirects::open(bytes.to_vec().into(), &[])),
        b'p' => redirects(Redirects::open(Vec::new().into(), bytes)),
        b'h' => headers(bytes),
        b'c' => hashes(bytes),
        _ => policy_files(bytes),
    }
}

fn redirects(table: Redirects) {
    for path in PATHS {
        let Some(found) = table.first(path) else { continue };
        let target = found.to.path(&found.captures);
        let location = found.to.location(&target, &found.captures, Some("q"));
        assert!(!location.contains(['\r', '\n', '\0', '\\', ' ']), "{location}");
        assert_eq!(found.to.is_local(), location.starts_with('/') && !location.starts_with("//"), "{location}");
    }
}

fn headers(bytes: &[u8]) {
    let rules = HeaderRules::decode(bytes);
    let encoded = rules.encode();
    assert_eq!(HeaderRules::decode(&encoded).encode(), encoded);
    assert!(encoded.len() <= bytes.len(), "nothing is there twice");
    for path in PATHS {
        let mut fields = Vec::new();
        rules.apply(|pattern: &Glob| pattern.matches(path), &mut fields, &PageHashes::default());
        assert!(fields.iter().all(|field| !field.value.contains(['\r', '\n', '\0'])));
    }
}

fn hashes(bytes: &[u8]) {
    let Some(hashes) = PageHashes::decode(bytes) else { return };
    assert!(bytes.starts_with(&hashes.encode()));
}

fn policy_files(bytes: &[u8]) {
    let files: Vec<(String, String)> =
        decode_policy_files(bytes).map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
    assert!(bytes.starts_with(&encode_policy_files(&files)));
}
