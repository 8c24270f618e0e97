//! The lookup of request targets, in each trailing-slash mode (the first character: `0` to `3`), with and without rules.

use actix_web::http::Uri;
use actix_web::http::header::HeaderValue;

use crate::rule::{decode_path, encode_path};
use crate::sample;
use crate::site::{Asset, Lookup, Site, Trace, TrailingSlash};

const MODES: [TrailingSlash; 4] =
    [TrailingSlash::Auto, TrailingSlash::Always, TrailingSlash::Never, TrailingSlash::None];

pub fn check(input: &[u8]) {
    let Some((mode, target)) = input.split_first() else { return };
    let mode = MODES[usize::from(*mode) % MODES.len()];
    // As the target reaches the handler.
    let Ok(target) = Uri::try_from(target) else { return };
    let (path, query) = (target.path(), target.query());
    files(sample::plain(), path, query, mode);
    rules(&sample::served().site, path, query, mode);
}

/// Without rules a lookup finds the file, leads to its one address, or there is nothing.
fn files(site: &Site, raw: &str, query: Option<&str>, mode: TrailingSlash) {
    let found = site.lookup(raw, query, mode, &mut Trace::off());
    let Some(path) = decode_path(raw) else { return assert!(matches!(found, Lookup::Unclean(Some(_)))) };
    match found {
        Lookup::Found(asset) => {
            assert!(means(&path, &asset), "{path} means {}", asset.path());
            alone(site, &path, &asset, mode);
        }
        Lookup::NotFound(page) => {
            let page = page.expect("the site has a 404.html").path();
            let folder = page.strip_suffix("404.html").expect("a page of that name");
            assert!(path.starts_with(folder));
            assert!(!sample::PATHS.contains(&&*path), "{path} is a file");
        }
        Lookup::Redirect { status, location } => {
            assert_eq!(status, 308);
            here(&location);
            let (there, passed) =
                location.split_once('?').map_or((&*location, None), |(path, query)| (path, Some(query)));
            assert_eq!(passed, query);
            let Lookup::Found(asset) = site.lookup(there, None, mode, &mut Trace::off()) else {
                panic!("{raw} leads to {there}, where there is no file")
            };
            assert!(means(&path, &asset), "{path} leads to {}", asset.path());
            assert_ne!(decode_path(there).as_deref(), Some(&*path));
        }
        _ => panic!("{raw} means something that only rules say"),
    }
}

/// The asset has no other address, unless another one has the name that it would have, or all keep their own names.
fn alone(site: &Site, path: &str, asset: &Asset<'_>, mode: TrailingSlash) {
    let stem = asset.path().strip_suffix("index.html").or_else(|| asset.path().strip_suffix(".html"));
    let stem = stem.unwrap_or(asset.path()).trim_end_matches('/');
    if TWINS.contains(&stem) || mode == TrailingSlash::None {
        return;
    }
    for end in ["", "/", ".html", ".html/", "/index", "/index.html", "/index/"] {
        let other = format!("{stem}{end}");
        let found = site.lookup(&encode_path(&other), None, mode, &mut Trace::off());
        let same = matches!(found, Lookup::Found(found) if found.path() == asset.path());
        assert!(!same || other.trim_start_matches('/') == path, "{} is at {path} and at {other}", asset.path());
    }
}

/// Names that two files share.
const TWINS: &[&str] = &["a", "b", "docs/index"];

/// The asset is one of those that a path can mean.
fn means(path: &str, asset: &Asset<'_>) -> bool {
    let stem = path.trim_end_matches('/');
    let index = if stem.is_empty() { "index.html".to_owned() } else { format!("{stem}/index.html") };
    [stem.to_owned(), format!("{stem}.html"), index].iter().any(|one| one == asset.path())
}

/// With rules, whatever is asked for leads to an asset or to a place that the rules name.
fn rules(site: &Site, raw: &str, query: Option<&str>, mode: TrailingSlash) {
    let mut trace = Trace::on();
    let found = site.lookup(raw, query, mode, &mut trace);
    assert!(!trace.steps().is_empty());
    match found {
        Lookup::Redirect { status, location } => {
            assert!(matches!(status, 301 | 302 | 303 | 307 | 308));
            HeaderValue::from_str(&location).expect("a field's value");
            if !location.starts_with("https://other.example/") {
                here(&location);
            }
        }
        Lookup::Error { status, .. } => assert!(matches!(status, 404 | 410)),
        Lookup::Found(asset) | Lookup::Rewritten(asset) | Lookup::Fallback { application: asset, .. } => {
            assert!(sample::PATHS.contains(&asset.path()));
            let address = encode_path(asset.path());
            assert_eq!(decode_path(&address).as_deref(), Some(asset.path()));
        }
        Lookup::NotFound(page) | Lookup::Unclean(page) => assert!(page.is_some()),
    }
}

/// The location is on this site, and a field's value.
fn here(location: &str) {
    HeaderValue::from_str(location).expect("a field's value");
    assert!(location.starts_with('/') && !location.starts_with("//"), "{location}");
    let path = location.split(['?', '#']).next().unwrap_or_default();
    assert!(path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\'), "{location}");
}
