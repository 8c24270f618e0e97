//! Addresses: which file a path means in each trailing-slash mode, and which one address the file has.

use super::{Asset, Site, TrailingSlash};

/// Where the asset that a path means is.
pub(super) enum Place<'a> {
    /// Here.
    Here(Asset<'a>),
    /// At its one address, decoded and without the slash in front.
    Elsewhere(Asset<'a>, String),
}

/// How a path came to mean an asset.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    /// The path is the asset's.
    Exact,
    /// The asset's name is the path's and `.html`.
    Html,
    /// The asset is the path's index.html.
    Index,
}

impl Site {
    /// The file that a decoded path means, and whether this is its address.
    pub(super) fn place(&self, path: &str, trailing_slash: TrailingSlash) -> Option<Place<'_>> {
        let (stem, slash) = split_slash(path);
        let (asset, how) = self.candidate(stem, slash, trailing_slash)?;
        if is_canonical(&asset, how, stem, slash, trailing_slash) {
            return Some(Place::Here(asset));
        }
        let canonical = canonical_path(asset.path(), trailing_slash);
        let (stem, slash) = split_slash(&canonical);
        Some(match self.candidate(stem, slash, trailing_slash) {
            // A redirect must end where it promised to: `a.html` beside a file `a` keeps its own address.
            Some((target, _)) if target.path() == asset.path() && canonical != path => {
                Place::Elsewhere(asset, canonical)
            }
            _ => Place::Here(asset),
        })
    }

    /// The asset that `stem`, with or without a slash behind it, means in the widest sense.
    pub(super) fn candidate(&self, stem: &str, slash: bool, mode: TrailingSlash) -> Option<(Asset<'_>, Match)> {
        let index = || {
            let suffix = if stem.is_empty() { "index.html" } else { "/index.html" };
            self.find(stem, suffix).map(|asset| (asset, Match::Index))
        };
        let html = || {
            let wanted = mode != TrailingSlash::None && !stem.is_empty();
            wanted.then(|| self.find(stem, ".html")).flatten().map(|asset| (asset, Match::Html))
        };
        if slash {
            return index().or_else(html);
        }
        self.find(stem, "").map(|asset| (asset, Match::Exact)).or_else(html).or_else(index)
    }

    /// The nearest 404.html: in the folder of `path` or in one above it.
    pub(super) fn error_page(&self, path: &str) -> Option<Asset<'_>> {
        let mut folder = path;
        while let Some((above, _)) = folder.rsplit_once('/') {
            if let Some(page) = self.find(above, "/404.html") {
                return Some(page);
            }
            folder = above;
        }
        self.find("404.html", "")
    }
}

/// Splits the slash off the end of a decoded path; the root counts as having one.
pub(super) fn split_slash(path: &str) -> (&str, bool) {
    path.strip_suffix('/').map_or((path, path.is_empty()), |stem| (stem, true))
}

/// Tells whether the path by which an asset was found is the asset's one address.
fn is_canonical(asset: &Asset<'_>, how: Match, stem: &str, slash: bool, mode: TrailingSlash) -> bool {
    match how {
        Match::Exact => mode == TrailingSlash::None || !asset.path().ends_with(".html"),
        // `/index` and `/docs/index` are pages of folders under a wrong name.
        Match::Html => slash == (mode == TrailingSlash::Always) && folder_of_index(asset.path()).is_none(),
        Match::Index => stem.is_empty() || slash == (mode != TrailingSlash::Never),
    }
}

/// The folder, with its slash, whose page the asset at `path` is.
fn folder_of_index(path: &str) -> Option<&str> {
    path.strip_suffix("index.html").filter(|folder| folder.is_empty() || folder.ends_with('/'))
}

/// The address of the asset at `path`, decoded and without the slash in front.
fn canonical_path(path: &str, mode: TrailingSlash) -> String {
    if let Some(folder) = folder_of_index(path) {
        return if mode == TrailingSlash::Never { folder.trim_end_matches('/') } else { folder }.to_owned();
    }
    // `docs/.html` is no page with an address `/docs/` of its own.
    let stem = path.strip_suffix(".html").filter(|stem| !stem.is_empty() && !stem.ends_with('/'));
    match (stem, mode) {
        (Some(stem), TrailingSlash::Auto | TrailingSlash::Never) => stem.to_owned(),
        (Some(stem), TrailingSlash::Always) => format!("{stem}/"),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Lookup, Trace};
    use super::*;
    use crate::pack::{AssetFlags, Coding, EntityTagText, NewAsset, Pack, PackWriter, RepresentationRecord};

    fn site(paths: &[&str]) -> Site {
        let mut writer = PackWriter::new(Vec::new());
        let headers = writer.header_set(Vec::new());
        for path in paths {
            let entity_tag = EntityTagText::of(path.as_bytes());
            let location = writer.body(entity_tag, path.as_bytes()).unwrap();
            let length = path.len() as u64;
            let representations = vec![RepresentationRecord { coding: Coding::Identity, entity_tag, location, length }];
            writer.asset(NewAsset { path: (*path).into(), flags: AssetFlags::default(), headers, representations });
        }
        Site::new(Pack::open(writer.finish().unwrap().into()).unwrap(), Vec::new())
    }

    fn outcome(site: &Site, raw: &str, mode: TrailingSlash) -> String {
        match site.lookup(raw, None, mode, &mut Trace::off()) {
            Lookup::Found(asset) => asset.path().to_owned(),
            Lookup::Redirect { location, .. } => format!("-> {location}"),
            Lookup::NotFound(page) | Lookup::Unclean(page) => format!("404 {}", page.map_or("", |page| page.path())),
            _ => "a rule".to_owned(),
        }
    }

    #[test]
    fn paths_mean_assets_in_each_trailing_slash_mode() {
        use TrailingSlash::{Always, Auto, Never, None};
        let site = site(&[
            "index.html",
            "about.html",
            "docs/index.html",
            "style.css",
            "both",
            "both.html",
            "twin.html",
            "twin/index.html",
            "404.html",
        ]);
        for (raw, auto, always, never, none) in [
            ("/", "index.html", "index.html", "index.html", "index.html"),
            ("/index.html", "-> /", "-> /", "-> /", "index.html"),
            ("/index", "-> /", "-> /", "-> /", "404 404.html"),
            ("/about", "about.html", "-> /about/", "about.html", "404 404.html"),
            ("/about/", "-> /about", "about.html", "-> /about", "404 404.html"),
            ("/about.html", "-> /about", "-> /about/", "-> /about", "about.html"),
            ("/docs", "-> /docs/", "-> /docs/", "docs/index.html", "-> /docs/"),
            ("/docs/", "docs/index.html", "docs/index.html", "-> /docs", "docs/index.html"),
            ("/docs/index.html", "-> /docs/", "-> /docs/", "-> /docs", "docs/index.html"),
            ("/style.css", "style.css", "style.css", "style.css", "style.css"),
            ("/style.css/", "404 404.html", "404 404.html", "404 404.html", "404 404.html"),
            ("/both", "both", "both", "both", "both"),
            ("/both.html", "both.html", "-> /both/", "both.html", "both.html"),
            ("/twin", "twin.html", "twin.html", "twin.html", "-> /twin/"),
            ("/twin/", "twin/index.html", "twin/index.html", "twin/index.html", "twin/index.html"),
            ("/twin/index.html", "-> /twin/", "-> /twin/", "twin/index.html", "twin/index.html"),
        ] {
            for (mode, expected) in [(Auto, auto), (Always, always), (Never, never), (None, none)] {
                assert_eq!(outcome(&site, raw, mode), expected, "{raw} in {mode:?}");
            }
        }
    }

    #[test]
    fn every_redirect_leads_to_a_file_at_once() {
        let site = site(&[
            "index.html",
            "about.html",
            "docs/index.html",
            "docs/index",
            "docs.html",
            "both",
            "both.html",
            "index/index.html",
            "index/index/index.html",
            "a.html/index.html",
            "a.html.html",
            "x/index.html.html",
            "folder.css/index.html",
            ".html",
            "deep/.html",
        ]);
        let stems = site_paths(&site);
        let starts = stems.iter().flat_map(|path| {
            let stem = path.trim_end_matches(".html").trim_end_matches("index").trim_end_matches('/');
            ["", "/", ".html", "/index", "/index.html", ".html/", "/index/"].map(|end| format!("/{stem}{end}"))
        });
        for raw in starts.chain(stems.iter().map(|path| format!("/{path}"))) {
            for mode in [TrailingSlash::Auto, TrailingSlash::Always, TrailingSlash::Never, TrailingSlash::None] {
                if let Some(location) = outcome(&site, &raw, mode).strip_prefix("-> ") {
                    let end = outcome(&site, location, mode);
                    assert!(!end.starts_with("->") && !end.starts_with("404"), "{raw} in {mode:?}: {location}: {end}");
                }
            }
        }
    }

    fn site_paths(site: &Site) -> Vec<String> {
        (0..site.len()).filter_map(|at| Some(site.asset(at)?.path().to_owned())).collect()
    }

    #[test]
    fn unclean_paths_are_not_found() {
        let site = site(&["a/b.css", "index.html", "x\\y.css", "c d.css", "100%.css", "é.css"]);
        for raw in [
            "",
            "*",
            "a/b.css",
            "//",
            "//a/b.css",
            "/a//b.css",
            "/a/./b.css",
            "/a/../a/b.css",
            "/%2e%2e/a/b.css",
            "/a%2Fb.css",
            "/a%2fb.css",
            "/a\\b.css",
            "/a%5Cb.css",
            "/a/b.css%00",
            "/%ff",
            "/a/b.css//",
            "/..",
            "/%252e%252e/",
            "//evil.example/",
            "/100%.css%",
        ] {
            assert!(outcome(&site, raw, TrailingSlash::Auto).starts_with("404"), "{raw}");
        }
        for (raw, path) in [
            ("/x%5Cy.css", "x\\y.css"),
            ("/c%20d.css", "c d.css"),
            ("/100%25.css", "100%.css"),
            ("/%C3%A9.css", "é.css"),
            ("/100%.css", "100%.css"),
            ("/%61/b.css", "a/b.css"),
        ] {
            assert_eq!(outcome(&site, raw, TrailingSlash::Auto), path, "{raw}");
        }
    }

    #[test]
    fn redirects_are_encoded_and_stay_on_this_site() {
        let site = site(&["a b?/index.html", "/evil/index.html", "x/é.html"]);
        assert_eq!(outcome(&site, "/a%20b%3F", TrailingSlash::Auto), "-> /a%20b%3F/");
        assert_eq!(outcome(&site, "/x/é.html", TrailingSlash::Auto), "-> /x/%C3%A9");
        assert!(outcome(&site, "//evil", TrailingSlash::Auto).starts_with("404"));
    }

    #[test]
    fn the_nearest_error_page_is_found() {
        let site = site(&["404.html", "en/404.html", "en/a/b.html"]);
        for (raw, page) in [
            ("/x", "404.html"),
            ("/en/x", "en/404.html"),
            ("/en/a/x/y", "en/404.html"),
            ("/fr/x", "404.html"),
            ("/en/x/", "en/404.html"),
            ("/en/", "en/404.html"),
            ("/en/../x", "404.html"),
        ] {
            assert_eq!(outcome(&site, raw, TrailingSlash::Auto), format!("404 {page}"), "{raw}");
        }
    }
}
