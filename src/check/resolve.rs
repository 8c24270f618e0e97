//! From a reference to the asset that a visitor would get, by the site's own lookup.

use super::Options;
use super::case::Cases;
use super::subject::Subject;
use super::url;
use crate::rule::encode_path;
use crate::site::{Lookup, Trace, TrailingSlash};

/// A site does not send visitors on more often than this.
const REDIRECTS: usize = 10;

/// What a reference means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Another host, or nothing that is looked up (`mailto:` …).
    Elsewhere,
    /// An asset, and the place in it, decoded.
    Asset { position: u32, fragment: Option<String> },
    /// Whatever the application makes of it.
    Application,
    /// Nothing is at this path; the hint says what might be meant.
    Nothing { path: String, hint: Option<String> },
}

/// Where a page's references start from.
pub(super) struct Base {
    /// The page's own path, percent-encoded.
    pub(super) own: String,
    pub(super) position: u32,
    /// What relative references are relative to; nothing if that is another host.
    relative: Option<String>,
}

/// Resolves references.
pub(super) struct Resolver<'a> {
    subject: &'a Subject,
    cases: &'a Cases,
    trailing_slash: TrailingSlash,
    /// There is an application that answers navigations.
    application: bool,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(subject: &'a Subject, cases: &'a Cases, options: &Options) -> Self {
        let application = options.single_page_application && subject.site.application_page().is_some();
        Self { subject, cases, trailing_slash: options.trailing_slash, application }
    }

    /// The base of the asset at `position`, whose text says `<base href>`.
    pub(super) fn base(&self, position: u32, href: Option<&str>) -> Base {
        let raw = encode_path(self.subject.path(position));
        // The address that visitors see decides what relative references are relative to.
        let own = match self.look(&raw) {
            Lookup::Redirect { location, .. } => url::local(&location).map_or(raw, |local| local.path.into_owned()),
            _ => raw,
        };
        let relative = match href {
            None => Some(own.clone()),
            Some(href) => url::local(href).map(|found| url::join(&own, &found.path)),
        };
        Base { own, position, relative }
    }

    /// What a reference from a page means.
    pub(super) fn resolve(&self, base: &Base, reference: &str, navigation: bool) -> Meaning {
        let Some(local) = url::local(reference) else { return Meaning::Elsewhere };
        let fragment = local.fragment.as_deref().and_then(place);
        let Some(relative) = &base.relative else { return Meaning::Elsewhere };
        let path = url::join(relative, &local.path);
        if path == base.own {
            return Meaning::Asset { position: base.position, fragment };
        }
        self.look_up(path, fragment, navigation)
    }

    fn look(&self, path: &str) -> Lookup<'a> {
        self.subject.site.lookup(path, None, self.trailing_slash, &mut Trace::off())
    }

    fn look_up(&self, path: String, mut fragment: Option<String>, navigation: bool) -> Meaning {
        let file = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
        let routed = navigation && !file;
        let mut target = path.clone();
        for _ in 0..REDIRECTS {
            match self.look(&target) {
                Lookup::Found(asset) | Lookup::Rewritten(asset) => {
                    let position = self.subject.site.pack().find(asset.path().as_bytes(), b"");
                    return Meaning::Asset { position: position.unwrap_or_default() as u32, fragment };
                }
                Lookup::Redirect { location, .. } => match url::local(&location) {
                    Some(local) => {
                        fragment = local.fragment.as_deref().map_or(fragment, place);
                        target = local.path.into_owned();
                    }
                    None => return Meaning::Elsewhere,
                },
                Lookup::Fallback { .. } if routed => return Meaning::Application,
                _ => break,
            }
        }
        if routed && self.application {
            return Meaning::Application;
        }
        let hint = self.cases.hint(self.subject, &path);
        Meaning::Nothing { path, hint }
    }
}

/// The id that a fragment asks for; nothing for the top of the page, text fragments, and routes of applications.
fn place(fragment: &str) -> Option<String> {
    let id = fragment.split(":~:").next().unwrap_or_default();
    if id.is_empty() || id.eq_ignore_ascii_case("top") || id.starts_with(['/', '!']) {
        return None;
    }
    Some(percent_encoding::percent_decode_str(id).decode_utf8_lossy().into_owned())
}
