//! References as pages write them: the path of the page on the first line, the reference behind it.

use url::Url;

use crate::check::{join_paths, local_path};
use crate::input::first_line;
use crate::rule::decode_path;

pub fn check(input: &[u8]) {
    let (base, reference) = first_line(input);
    let (Ok(base), Ok(reference)) = (std::str::from_utf8(base), std::str::from_utf8(reference.unwrap_or_default()))
    else {
        return;
    };
    let base = format!("/{base}");
    let Some((path, fragment)) = local_path(reference) else { return elsewhere(reference) };
    assert!(!path.contains(['?', '#', '\\', '\t', '\n', '\r']) && !path.starts_with("//"));
    assert!(fragment.is_none_or(|fragment| reference.len() > fragment.len()));
    let joined = join_paths(&base, &path);
    assert!(joined.starts_with('/'));
    if path.is_empty() {
        return assert_eq!(joined, base);
    }
    for segment in joined.split('/') {
        let plain = segment.to_ascii_lowercase().replace("%2e", ".");
        assert!(!matches!(plain.as_str(), "." | ".."), "{base} and {path} give {joined}");
    }
    assert_eq!(join_paths("/other/page", &joined), joined, "an absolute path is itself");
    as_browsers_do(&base, &path, &joined);
}

/// The WHATWG's algorithm comes to the same path, where it has nothing to encode.
fn as_browsers_do(base: &str, path: &str, joined: &str) {
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/.-_~".contains(&byte));
    if !plain(base) || !plain(path) || decode_path(base).is_none() {
        return;
    }
    let base = Url::parse(&format!("https://a.example{base}")).expect("a URL");
    assert_eq!(base.join(path).expect("a path").path(), joined, "{base} and {path}");
}

/// What leads elsewhere names a scheme or a host.
fn elsewhere(reference: &str) {
    let bare = reference.replace(['\t', '\n', '\r'], "").replace('\\', "/");
    assert!(bare.starts_with("//") || bare.contains(':'), "{reference} leads elsewhere");
}
