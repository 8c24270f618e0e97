//! URLs as pages write them: what stays on this site, and which path it means (WHATWG URL, RFC 3986 §5).

use std::borrow::Cow;

/// A reference that stays on this site.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Local<'a> {
    /// As written; nothing if only query or fragment are.
    pub(super) path: Cow<'a, str>,
    pub(super) query: bool,
    pub(super) fragment: Option<Cow<'a, str>>,
}

/// Takes a reference apart; nothing if it leads elsewhere (another host, another scheme).
pub(super) fn local(url: &str) -> Option<Local<'_>> {
    // Browsers drop tabs and line ends anywhere in a URL, and take backslashes before the query for slashes.
    let url = replace_if(url, |c| matches!(c, '\t' | '\n' | '\r'), |text| text.replace(['\t', '\n', '\r'], ""));
    if has_scheme(&url) {
        return None;
    }
    let (rest, fragment) = split(url, '#');
    let (path, query) = split(rest, '?');
    let path = replace_if(path, |c| c == '\\', |text| text.replace('\\', "/"));
    (!path.starts_with("//")).then_some(Local { path, query: query.is_some(), fragment })
}

fn replace_if<'a>(text: impl Into<Cow<'a, str>>, odd: fn(char) -> bool, with: fn(&str) -> String) -> Cow<'a, str> {
    let text = text.into();
    if text.contains(odd) { Cow::Owned(with(&text)) } else { text }
}

fn split(text: Cow<'_, str>, at: char) -> (Cow<'_, str>, Option<Cow<'_, str>>) {
    match text {
        Cow::Borrowed(text) => match text.split_once(at) {
            Some((before, after)) => (before.into(), Some(after.into())),
            None => (text.into(), None),
        },
        Cow::Owned(text) => match text.split_once(at) {
            Some((before, after)) => (before.to_owned().into(), Some(after.to_owned().into())),
            None => (text.into(), None),
        },
    }
}

/// `name:` before any other delimiter (RFC 3986 §3.1).
pub(super) fn has_scheme(url: &str) -> bool {
    let Some((name, _)) = url.split_once(':') else { return false };
    let rest = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(rest)
}

/// Resolves a path against the path of the page that it stands in: dot segments go, and never above the root.
pub(super) fn join(base: &str, path: &str) -> String {
    if path.is_empty() {
        return base.to_owned();
    }
    let folder = if path.starts_with('/') { "" } else { base.rsplit_once('/').map_or("", |(folder, _)| folder) };
    let mut segments: Vec<&str> = Vec::new();
    let mut open = false;
    for segment in folder.split('/').skip(1).chain(path.strip_prefix('/').unwrap_or(path).split('/')) {
        open = is_dot(segment) || is_double_dot(segment);
        if is_double_dot(segment) {
            segments.pop();
        } else if !is_dot(segment) {
            segments.push(segment);
        }
    }
    let end = if open && !segments.is_empty() { "/" } else { "" };
    format!("/{}{end}", segments.join("/"))
}

fn is_dot(segment: &str) -> bool {
    segment == "." || segment.eq_ignore_ascii_case("%2e")
}

fn is_double_dot(segment: &str) -> bool {
    let [two, mixed, other, four] = ["..", ".%2e", "%2e.", "%2e%2e"].map(|form| segment.eq_ignore_ascii_case(form));
    two || mixed || other || four
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_that_lead_elsewhere_are_known() {
        for url in
            ["https://a.b/c", "HTTP:x", "mailto:a@b", "data:,x", "javascript:x()", "//host/x", "\\\\host/x", "/\\host"]
        {
            assert_eq!(local(url), None, "{url}");
        }
        for (url, path, query, fragment) in [
            ("a/b?c#d", "a/b", true, Some("d")),
            ("#d?e#f", "", false, Some("d?e#f")),
            ("?a:b", "", true, None),
            ("a\\b?c\\d", "a/b", true, None),
            ("./a:b", "./a:b", false, None),
            ("1:2", "1:2", false, None),
            ("a\n\tb", "ab", false, None),
            ("", "", false, None),
        ] {
            let found = local(url).unwrap_or_else(|| panic!("{url}"));
            assert_eq!((&*found.path, found.query, found.fragment.as_deref()), (path, query, fragment), "{url}");
        }
    }

    #[test]
    fn paths_are_resolved_as_in_the_rfc() {
        for (base, path, expected) in [
            ("/b/c/d", "g", "/b/c/g"),
            ("/b/c/d", "./g", "/b/c/g"),
            ("/b/c/d", "g/", "/b/c/g/"),
            ("/b/c/d", "/g", "/g"),
            ("/b/c/d", "", "/b/c/d"),
            ("/b/c/d", ".", "/b/c/"),
            ("/b/c/d", "./", "/b/c/"),
            ("/b/c/d", "..", "/b/"),
            ("/b/c/d", "../g", "/b/g"),
            ("/b/c/d", "../../g", "/g"),
            ("/b/c/d", "../../../g", "/g"),
            ("/b/c/d", "/./g", "/g"),
            ("/b/c/d", "/../g", "/g"),
            ("/b/c/d", "g.", "/b/c/g."),
            ("/b/c/d", "..g", "/b/c/..g"),
            ("/b/c/d", "./g/.", "/b/c/g/"),
            ("/b/c/d", "g/../h", "/b/c/h"),
            ("/b/c/", "%2E%2e/g", "/b/g"),
            ("/", "a//b", "/a//b"),
            ("/", "..", "/"),
            ("/", "/", "/"),
            ("", "x", "/x"),
        ] {
            assert_eq!(join(base, path), expected, "{base} {path}");
        }
    }
}
