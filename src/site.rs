//! The open site: which asset a path means, and the representations that the asset has.

mod policy;
mod trace;

use std::fs::File;
use std::io;
use std::sync::Arc;

use bytes::Bytes;

pub(crate) use policy::Owner;
pub(crate) use trace::Trace;

use crate::pack::{AssetRecord, Coding, EntityTagText, Location, Pack};
use crate::rule::{HeaderRules, Redirects, decode_path, encode_path};

/// How addresses end (the four modes of Cloudflare Pages' html_handling).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum TrailingSlash {
    /// `/about` for about.html, `/docs/` for docs/index.html.
    #[default]
    Auto,
    /// `/about/` and `/docs/`.
    Always,
    /// `/about` and `/docs`.
    Never,
    /// Files at their own names; `/docs/` still means docs/index.html.
    None,
}

/// A body that stays in a file.
pub(crate) trait FileBody: Send + Sync {
    /// Opens the file if it is still the one whose entity tag is known.
    fn open(&self) -> io::Result<File>;

    /// Tells whether the open file still holds the bytes whose entity tag is known.
    fn is_unchanged(&self, file: &File) -> bool;
}

/// A body that is not in the pack.
pub(crate) enum Loose {
    Bytes(Bytes),
    File(Arc<dyn FileBody>),
}

/// The bytes of a representation.
#[derive(Clone)]
pub(crate) enum Body {
    Bytes(Bytes),
    File(Arc<dyn FileBody>),
}

/// A site, open for serving. It never changes; a changed folder becomes another `Site`.
pub(crate) struct Site {
    pack: Pack,
    loose: Vec<Loose>,
    redirects: Redirects,
    headers: HeaderRules,
}

/// An asset is a file of the site with everything that was decided about it.
#[derive(Clone, Copy)]
pub(crate) struct Asset<'a> {
    site: &'a Site,
    record: AssetRecord<'a>,
}

/// A representation is one sendable form of an asset; coding, entity tag and bytes stay together.
pub(crate) struct Representation {
    pub(crate) coding: Coding,
    pub(crate) entity_tag: EntityTagText,
    /// The entity tag as a slice of the pack.
    pub(crate) entity_tag_bytes: Bytes,
    /// Bytes of the body.
    pub(crate) length: u64,
    pub(crate) body: Body,
}

/// What a path means.
pub(crate) enum Lookup<'a> {
    Found(Asset<'a>),
    /// A rule answers the path with this asset, which has another address.
    Rewritten(Asset<'a>),
    /// A rule answers navigations with the page of an application, and everything else with 404 and the nearest 404.html.
    Fallback {
        application: Asset<'a>,
        page: Option<Asset<'a>>,
    },
    /// The answer is at another address: the value of Location, query included.
    Redirect {
        status: u16,
        location: String,
    },
    /// A rule says that there is nothing, with this status and page.
    Error {
        status: u16,
        page: Option<Asset<'a>>,
    },
    /// There is nothing; the nearest 404.html, if the site has one.
    NotFound(Option<Asset<'a>>),
    /// The path is none that a site can have; its 404.html, if it has one.
    Unclean(Option<Asset<'a>>),
}

/// Where the asset that a path means is.
enum Place<'a> {
    /// Here.
    Here(Asset<'a>),
    /// At its one address, decoded and without the slash in front.
    Elsewhere(Asset<'a>, String),
}

/// How a path came to mean an asset.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Match {
    /// The path is the asset's.
    Exact,
    /// The asset's name is the path's and `.html`.
    Html,
    /// The asset is the path's index.html.
    Index,
}

impl Site {
    pub(crate) fn new(pack: Pack, loose: Vec<Loose>) -> Self {
        let policy = pack.policy();
        let redirects = Redirects::open(policy.redirects, &policy.redirect_patterns);
        let headers = HeaderRules::decode(&policy.header_rules);
        Self { pack, loose, redirects, headers }
    }

    pub(crate) fn pack(&self) -> &Pack {
        &self.pack
    }

    /// The number of files; those that are kept for pages of releases before are not counted.
    pub(crate) fn len(&self) -> usize {
        self.pack.len() - self.pack.retired_len().min(self.pack.len())
    }

    fn asset(&self, position: usize) -> Option<Asset<'_>> {
        Some(Asset { site: self, record: self.pack.asset(position)? })
    }

    fn find(&self, stem: &str, suffix: &str) -> Option<Asset<'_>> {
        self.asset(self.pack.find(stem.as_bytes(), suffix.as_bytes())?)
    }

    /// The page that answers navigations when a single-page application routes in the browser.
    pub(crate) fn application_page(&self) -> Option<Asset<'_>> {
        self.find("index.html", "")
    }

    /// Finds out what the path of a request target (RFC 9112 §3.2) means. `raw` is still percent-encoded.
    pub(crate) fn lookup(
        &self,
        raw: &str,
        query: Option<&str>,
        trailing_slash: TrailingSlash,
        trace: &mut Trace,
    ) -> Lookup<'_> {
        let Some(path) = decode_path(raw) else {
            trace.note("path", || "not a clean path: it has an empty, dot or encoded segment, or is not UTF-8".into());
            return Lookup::Unclean(self.error_page(""));
        };
        // The first rule decides. Without `!` it leaves the path to a file.
        if self.redirects.any_forced()
            && let Some(rule) = self.redirects.first(&path).filter(|rule| rule.forced)
        {
            return self.ruled(&rule, &path, query, trailing_slash, trace);
        }
        match self.place(&path, trailing_slash) {
            Some(Place::Here(asset)) => {
                self.note_beaten_rule(&path, trace);
                trace.note_from("file", || (asset.path().to_owned(), "the path means this file".into()));
                Lookup::Found(asset)
            }
            Some(Place::Elsewhere(asset, canonical)) => {
                self.note_beaten_rule(&path, trace);
                trace.note_from("file", || (asset.path().to_owned(), format!("the file's address is /{canonical}")));
                let query = query.map_or_else(String::new, |query| format!("?{query}"));
                Lookup::Redirect { status: 308, location: encode_path(&canonical) + &query }
            }
            None => match self.redirects.first(&path) {
                Some(rule) => self.ruled(&rule, &path, query, trailing_slash, trace),
                None => {
                    trace.note("file", || "no file and no rule has this path".into());
                    Lookup::NotFound(self.error_page(&path))
                }
            },
        }
    }

    /// The file that a decoded path means, and whether this is its address.
    fn place(&self, path: &str, trailing_slash: TrailingSlash) -> Option<Place<'_>> {
        let (stem, slash) = split_slash(path);
        let (asset, how) = self.candidate(stem, slash, trailing_slash)?;
        if is_canonical(&asset, how, stem, slash, trailing_slash) {
            return Some(Place::Here(asset));
        }
        let canonical = canonical_path(asset.path(), trailing_slash);
        let (stem, slash) = split_slash(&canonical);
        Some(match self.candidate(stem, slash, trailing_slash) {
            // A redirect must end where it promised to: `a.html` beside a file `a` keeps its own address.
            Some((target, _)) if target.path() == asset.path() => Place::Elsewhere(asset, canonical),
            _ => Place::Here(asset),
        })
    }

    /// The asset that `stem`, with or without a slash behind it, means in the widest sense.
    fn candidate(&self, stem: &str, slash: bool, mode: TrailingSlash) -> Option<(Asset<'_>, Match)> {
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
    fn error_page(&self, path: &str) -> Option<Asset<'_>> {
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
fn split_slash(path: &str) -> (&str, bool) {
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
    match (path.strip_suffix(".html"), mode) {
        (Some(stem), TrailingSlash::Auto | TrailingSlash::Never) => stem.to_owned(),
        (Some(stem), TrailingSlash::Always) => format!("{stem}/"),
        _ => path.to_owned(),
    }
}

impl<'a> Asset<'a> {
    /// The path below the site's root, without a slash in front.
    pub(crate) fn path(&self) -> &'a str {
        std::str::from_utf8(self.record.path).unwrap_or_default()
    }

    /// The number of the asset's header set.
    pub(crate) fn headers(&self) -> u32 {
        self.record.headers
    }

    /// The asset has more than one representation, so the answer depends on Accept-Encoding.
    pub(crate) fn varies(&self) -> bool {
        self.site.pack.representation_count(&self.record) > 1
    }

    /// The codings of the asset's representations, the most preferred first.
    pub(crate) fn codings(&self) -> impl Iterator<Item = Coding> + '_ {
        let count = self.site.pack.representation_count(&self.record);
        (0..count).filter_map(|nth| self.site.pack.representation(&self.record, nth).map(|found| found.coding))
    }

    /// The representation in this coding.
    pub(crate) fn representation(&self, coding: Coding) -> Option<Representation> {
        let pack = &self.site.pack;
        let nth = self.codings().position(|found| found == coding)?;
        let record = pack.representation(&self.record, nth)?;
        let body = match record.location {
            Location::Packed(offset) => Body::Bytes(pack.body(offset, record.length)?),
            Location::Loose(row) => match self.site.loose.get(usize::try_from(row).ok()?)? {
                Loose::Bytes(bytes) => Body::Bytes(bytes.clone()),
                Loose::File(file) => Body::File(Arc::clone(file)),
            },
        };
        Some(Representation {
            coding,
            entity_tag: record.entity_tag,
            entity_tag_bytes: pack.entity_tag_bytes(&self.record, nth)?,
            length: record.length,
            body,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack::{AssetFlags, NewAsset, PackWriter, RepresentationRecord};

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
