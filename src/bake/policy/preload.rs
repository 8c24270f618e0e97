//! Preload hints: what a page needs before it can be shown, announced in its headers.

use super::html::{Page, Reference, ReferenceKind};
use crate::rule::{decode_path, encode_path};

/// A Link header for a file that may be part of the site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hint {
    /// The file's path.
    pub(super) path: String,
    pub(super) value: String,
}

/// The hints for the render-blocking files and modules that the page at `path` loads from its own site.
pub(super) fn hints(path: &str, page: &Page) -> Vec<Hint> {
    let mut hints: Vec<Hint> = Vec::new();
    for reference in &page.references {
        let relation = match reference.kind {
            ReferenceKind::Stylesheet => "rel=preload; as=style",
            ReferenceKind::Script => "rel=preload; as=script",
            ReferenceKind::ModuleScript => "rel=modulepreload",
            _ => continue,
        };
        let base =
            page.base.as_deref().map_or_else(|| Some(format!("/{path}")), |base| resolve(&format!("/{path}"), base));
        let Some(url) = base.and_then(|base| resolve(&base, &reference.url)) else { continue };
        let (file, query) = url.split_at(url.find('?').unwrap_or(url.len()));
        let Some(file) = decode_path(file) else { continue };
        let value = format!("<{}{query}>; {relation}{}", encode_path(&file), mode(reference));
        if !hints.iter().any(|hint| hint.value == value) && value.bytes().all(|b| b.is_ascii_graphic() || b == b' ') {
            hints.push(Hint { path: file.into_owned(), value });
        }
    }
    hints
}

/// What a hint must repeat for the browser to fetch a file once and not twice.
fn mode(reference: &Reference) -> String {
    let mode = match reference.crossorigin.as_deref() {
        None => "",
        Some(value) if value.trim().eq_ignore_ascii_case("use-credentials") => "; crossorigin=use-credentials",
        Some(_) => "; crossorigin",
    };
    let media = reference.media.as_deref().map(|media| media.replace(['"', '\\'], ""));
    format!("{mode}{}", media.map_or_else(String::new, |media| format!("; media=\"{media}\"")))
}

/// Resolves a reference of the page at `base` to a path of the same site (RFC 3986 §5.2); nothing for other sites.
fn resolve(base: &str, url: &str) -> Option<String> {
    let url = url.split('#').next().unwrap_or_default();
    let (path, query) = url.split_at(url.find('?').unwrap_or(url.len()));
    let scheme = path.split('/').next().is_some_and(|first| first.contains(':'));
    if scheme || path.starts_with("//") || path.contains('\\') {
        return None;
    }
    let folder = match path.strip_prefix('/') {
        Some(_) => "",
        None => base.split('?').next()?.rsplit_once('/')?.0,
    };
    let mut segments: Vec<&str> = folder.split('/').filter(|segment| !segment.is_empty()).collect();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    let slash = if path.ends_with('/') && !segments.is_empty() { "/" } else { "" };
    Some(format!("/{}{slash}{query}", segments.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_resolved_inside_the_site() {
        for (base, url, expected) in [
            ("/docs/a.html", "b.css", Some("/docs/b.css")),
            ("/docs/a.html", "../b.css?v=1#x", Some("/b.css?v=1")),
            ("/a.html", "../../b.css", Some("/b.css")),
            ("/docs/a.html", "/b.css", Some("/b.css")),
            ("/docs/a.html", "./c/./d/", Some("/docs/c/d/")),
            ("/a.html", "https://b.example/c.css", None),
            ("/a.html", "//b.example/c.css", None),
            ("/a.html", "data:text/css,a", None),
        ] {
            assert_eq!(resolve(base, url).as_deref(), expected, "{base} {url}");
        }
    }

    #[test]
    fn what_blocks_rendering_is_announced_once() {
        let page = super::super::html::read(
            "<!doctype html><link rel=stylesheet href=/a.css><link rel=stylesheet href=a.css><script src=b.js></script>\
             <script src=c.js defer></script><script type=module src=d.js></script>\
             <link rel=stylesheet href=https://other.example/e.css><img src=f.png>\
             <link rel=stylesheet crossorigin href=g.css media='(width > 9em)'>",
        );
        let values: Vec<_> = hints("index.html", &page).into_iter().map(|hint| hint.value).collect();
        assert_eq!(
            values,
            [
                "</a.css>; rel=preload; as=style",
                "</b.js>; rel=preload; as=script",
                "</d.js>; rel=modulepreload",
                "</g.css>; rel=preload; as=style; crossorigin; media=\"(width > 9em)\"",
            ]
        );
    }
}
