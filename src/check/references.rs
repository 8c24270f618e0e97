//! The references of one file: read, resolved, and judged.

use std::collections::{HashMap, HashSet};

use super::css;
use super::fragments::{self, Asked, Place};
use super::inspect::{Inspection, Inspector, Kind, kind};
use super::problem::{Finding, Problem, note};
use super::resolve::{Base, Meaning};
use super::subject::Content;
use super::url;
use crate::bake::html::{self, Page, Reference, ReferenceKind};

/// A reference in a file, wherever it was found.
struct Found {
    url: String,
    line: u32,
    kind: ReferenceKind,
}

impl Inspector<'_> {
    /// Judges the references of a page, a drawing or a style sheet.
    pub(super) fn references(&self, position: u32, path: &str, text: &str, found: &mut Inspection) {
        let (page, references) = read(path, text);
        if kind(path) == Kind::Page {
            describe(path, &page, &references, &mut found.problems);
        }
        if kind(path) != Kind::StyleSheet {
            found.ids = Some(ids(&page));
        }
        let base = self.resolver.base(position, page.base.as_deref());
        // Pages repeat their links.
        let mut known: HashMap<(&str, bool), Meaning> = HashMap::new();
        let (mut asked, mut own) = (HashSet::new(), Vec::new());
        for reference in &references {
            found.references += 1;
            let navigation = is_navigation(reference.kind);
            let resolve = || self.resolver.resolve(&base, &reference.url, navigation);
            match known.entry((&reference.url, navigation)).or_insert_with(resolve) {
                Meaning::Asset { position, fragment } => {
                    if let Some(id) = fragment.as_ref().filter(|id| has_places(self.subject.path(*position), id)) {
                        asked.insert(Asked::new(*position, id));
                    }
                    if self.weighs && loads(reference.kind) && *position != base.position && !own.contains(position) {
                        own.push(*position);
                    }
                }
                Meaning::Nothing { path: to, hint } => {
                    note(&mut found.problems, missing(path, reference, to, hint.as_deref()));
                }
                Meaning::Elsewhere | Meaning::Application => {}
            }
            if path.rsplit('/').next() == Some("404.html") && page.base.is_none() && is_relative(&reference.url) {
                note(&mut found.problems, relative(path, reference));
            }
        }
        found.fragments = asked.into_iter().collect();
        found.own = self.weighs.then(|| own.into_boxed_slice());
    }

    /// Reads a page again for the links to places that are missing.
    pub(super) fn missing_fragments(&self, position: u32, missing: &HashSet<Place>) -> Vec<Problem> {
        let path = self.subject.path(position);
        let Ok(Content { bytes: Some(bytes), .. }) = self.subject.content(position) else { return Vec::new() };
        let (page, references) = read(path, &String::from_utf8_lossy(&bytes));
        let base = self.resolver.base(position, page.base.as_deref());
        let mut problems = Vec::new();
        for reference in &references {
            if let Meaning::Asset { position: to, fragment: Some(id) } = self.resolve_place(&base, reference)
                && missing.contains(&(to, fragments::id(&id)))
            {
                let message = format!("{}: {} has no id \"{id}\"", reference.url, self.subject.path(to));
                note(&mut problems, Problem::new(path, reference.line, Finding::MissingFragment, message));
            }
        }
        problems
    }

    fn resolve_place(&self, base: &Base, reference: &Found) -> Meaning {
        if reference.url.contains('#') {
            self.resolver.resolve(base, &reference.url, false)
        } else {
            Meaning::Elsewhere
        }
    }
}

/// Reads a file's references, and what else it says if it is a page.
fn read(path: &str, text: &str) -> (Page, Vec<Found>) {
    let css = |text: &str, line: u32| {
        css::references(text).into_iter().map(move |found| Found {
            url: found.url,
            line: if line == 0 { 0 } else { found.line },
            kind: if found.import { ReferenceKind::Stylesheet } else { ReferenceKind::Other },
        })
    };
    if kind(path) == Kind::StyleSheet {
        return (Page::default(), css(text, 1).collect());
    }
    let mut page = html::read(text);
    let written = std::mem::take(&mut page.references).into_iter();
    let mut references: Vec<Found> =
        written.map(|Reference { url, kind, line, .. }| Found { url, line, kind }).collect();
    for style in page.inline_styles.iter().chain(&page.style_attributes) {
        references.extend(css(style, 0));
    }
    (page, references)
}

/// A page that goes on by itself is not looked at long enough for its title and charset to matter.
fn describe(path: &str, page: &Page, references: &[Found], problems: &mut Vec<Problem>) {
    if references.iter().any(|reference| reference.kind == ReferenceKind::Refresh) {
        return;
    }
    if !page.title {
        problems.push(Problem::new(path, 0, Finding::MissingTitle, "the page has no title"));
    }
    if !page.charset {
        let message = "the page does not say its charset; add <meta charset=utf-8>";
        problems.push(Problem::new(path, 0, Finding::MissingCharset, message));
    }
}

/// The hashes of a page's ids, sorted. Fragments are decoded, so an id that is not its own decoded form counts twice.
fn ids(page: &Page) -> Box<[u64]> {
    let mut ids: Vec<u64> = page.ids.iter().map(|id| fragments::id(id)).collect();
    for id in page.ids.iter().filter(|id| id.contains('%')) {
        ids.push(fragments::id(&percent_encoding::percent_decode_str(id).decode_utf8_lossy()));
    }
    ids.sort_unstable();
    ids.into()
}

/// The fragment names an element there, not a view or a part of a medium.
fn has_places(path: &str, id: &str) -> bool {
    match kind(path) {
        Kind::Page => true,
        Kind::Drawing => !id.contains(['(', '=']),
        Kind::StyleSheet | Kind::Other => false,
    }
}

/// The browser leaves the page for it.
fn is_navigation(kind: ReferenceKind) -> bool {
    matches!(kind, ReferenceKind::Link | ReferenceKind::Refresh | ReferenceKind::Form)
}

/// A page loads it with itself. (Candidates of a `srcset` are alternatives; media come when they are played.)
fn loads(kind: ReferenceKind) -> bool {
    use ReferenceKind as K;
    match kind {
        K::Stylesheet | K::DeferredStylesheet | K::Script | K::DeferredScript | K::ModuleScript => true,
        K::Preload | K::Image | K::Icon => true,
        K::Link | K::Refresh | K::ImageCandidate | K::Frame | K::Media | K::Form | K::Other => false,
    }
}

fn is_relative(url: &str) -> bool {
    url::local(url).is_some_and(|local| !local.path.is_empty() && !local.path.starts_with('/'))
}

fn relative(path: &str, reference: &Found) -> Problem {
    let message = format!("{}: an error page appears at any depth; start the address with /", reference.url);
    Problem::new(path, reference.line, Finding::RelativeInErrorPage, message)
}

fn missing(path: &str, reference: &Found, to: &str, hint: Option<&str>) -> Problem {
    let (finding, what) = match reference.kind {
        kind if is_navigation(kind) => (Finding::BrokenLink, "there is no page"),
        _ => (Finding::MissingFile, "there is no file"),
    };
    let resolved = if reference.url == to { String::new() } else { format!(" {to}") };
    let hint = hint.map_or_else(String::new, |hint| format!(" (but for upper and lower case there is {hint})"));
    Problem::new(path, reference.line, finding, format!("{}: {what}{resolved}{hint}", reference.url))
}
