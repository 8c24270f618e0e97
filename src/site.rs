//! The open site: which asset a path means, and the representations that the asset has.

mod address;
mod policy;
mod trace;

use std::fs::File;
use std::io;
use std::sync::Arc;

use bytes::Bytes;

use address::Place;
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
