//! Inspecting one file: read once, judged, and reduced to what others need to know of it.

use bytes::Bytes;

use super::budget::is_page;
use super::coded;
use super::fragments::Asked;
use super::problem::{Finding, Problem};
use super::resolve::Resolver;
use super::secret::secret;
use super::subject::{Content, Subject};
use crate::bake::{Description, Form, Quality};
use crate::pack::Coding;

/// What is left of a file once it was read.
#[derive(Default)]
pub(super) struct Inspection {
    pub(super) problems: Vec<Problem>,
    pub(super) bytes: u64,
    pub(super) page: bool,
    /// How many references were resolved.
    pub(super) references: u64,
    /// The places that it has, sorted, if it is a page or a drawing.
    pub(super) ids: Option<Box<[u64]>>,
    /// The places that it asks for, each once.
    pub(super) fragments: Vec<Asked>,
    /// Bytes in the best coding, if they are asked for.
    pub(super) weight: u64,
    /// What it loads, each once.
    pub(super) own: Option<Box<[u32]>>,
}

impl Inspection {
    /// Bytes that it holds until its turn comes.
    pub(super) fn size(&self) -> usize {
        let ids = self.ids.as_ref().map_or(0, |ids| ids.len());
        ids * 8 + self.fragments.len() * 24 + self.problems.len() * 200 + 200
    }
}

/// Inspects the files of a site.
pub(super) struct Inspector<'a> {
    pub(super) subject: &'a Subject,
    pub(super) resolver: Resolver<'a>,
    /// The weight of files is wanted, which costs a compression.
    pub(super) weighs: bool,
}

/// What a file is to a check.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Page,
    /// SVG: it has references and places, and no need of a title.
    Drawing,
    StyleSheet,
    Other,
}

pub(super) fn kind(path: &str) -> Kind {
    let extension = path.rsplit_once('.').map_or_else(String::new, |(_, extension)| extension.to_ascii_lowercase());
    match &*extension {
        _ if is_page(path) => Kind::Page,
        "svg" => Kind::Drawing,
        "css" => Kind::StyleSheet,
        _ => Kind::Other,
    }
}

impl Inspector<'_> {
    pub(super) fn inspect(&self, position: u32) -> Inspection {
        let path = self.subject.path(position);
        let mut found = Inspection { page: is_page(path), ..Inspection::default() };
        match self.subject.content(position) {
            Ok(content) => self.content(position, path, &content, &mut found),
            Err(error) => {
                found.problems.push(Problem::new(path, 0, Finding::Unreadable, format!("can't be read: {error}")));
            }
        }
        found
    }

    fn content(&self, position: u32, path: &str, content: &Content, found: &mut Inspection) {
        found.bytes = content.length;
        let description = Description::of(path, content.utf8);
        if let Some(notice) = description.notice(path) {
            found.problems.push(Problem::new(path, 0, Finding::UnknownCharset, own(path, &notice)));
        }
        found.weight = content.length;
        self.verify(position, path, content.bytes.as_ref(), found);
        for notice in self.subject.policy_notices(path, &description, content) {
            found.problems.push(Problem::new(path, 0, Finding::WeakPolicy, own(path, &notice)));
        }
        let Some(bytes) = &content.bytes else {
            if kind(path) != Kind::Other {
                found.problems.push(Problem::new(path, 0, Finding::NotRead, "too large to be read as a page"));
            }
            return;
        };
        if self.subject.is_retired(position) {
            return;
        }
        self.weigh(position, &description, bytes, found);
        self.name(path, bytes, found);
        if kind(path) != Kind::Other {
            self.references(position, path, &String::from_utf8_lossy(bytes), found);
        }
    }

    /// Compares what is stored with its checksum, and coded forms with what they code.
    fn verify(&self, position: u32, path: &str, identity: Option<&Bytes>, found: &mut Inspection) {
        for record in self.subject.representations(position) {
            if !self.subject.is_sound(&record, identity) {
                let coding = record.coding.token();
                let message =
                    format!("the stored bytes ({coding}) are not those that were baked; bake or copy it again");
                found.problems.push(Problem::new(path, 0, Finding::Damaged, message));
            }
        }
    }

    fn weigh(&self, position: u32, description: &Description, bytes: &Bytes, found: &mut Inspection) {
        if !self.weighs {
        } else if self.subject.is_packed() {
            found.weight = self.subject.representations(position).map(|record| record.length).min().unwrap_or_default();
        } else if description.compressible() {
            let forms = Form::compressed(bytes, Quality::Fast);
            found.weight = forms.iter().map(|form| form.length).min().unwrap_or(found.weight);
        }
    }

    /// What the file's name gives away.
    fn name(&self, path: &str, bytes: &Bytes, found: &mut Inspection) {
        if let Some(reason) = secret(path, bytes) {
            let message = format!("looks like a secret, and anybody can fetch it: {reason}");
            found.problems.push(Problem::new(path, 0, Finding::Secret, message));
        }
        if path.ends_with(".map") && bytes.trim_ascii_start().starts_with(b"{") {
            let message = "a source map: anybody can read the sources in it";
            found.problems.push(Problem::new(path, 0, Finding::SourceMap, message));
        }
        let codings = [(".br", Coding::Brotli), (".gz", Coding::Gzip)];
        let sidecar = codings.into_iter().find_map(|(end, coding)| Some((path.strip_suffix(end)?, coding)));
        if let Some((of, coding)) = sidecar
            && let Some(neighbour) = self.subject.site.pack().find(of.as_bytes(), b"")
            && let Ok(Content { bytes: Some(identity), .. }) = self.subject.content(neighbour as u32)
        {
            let (finding, message) = match coded::holds(coding, bytes, &identity) {
                true => (Finding::Sidecar, "holds the file beside it; baking makes its own, so it can be removed"),
                false => (Finding::StaleSidecar, "does not hold the file beside it: it is stale or damaged; remove it"),
            };
            found.problems.push(Problem::new(path, 0, finding, message));
        }
    }
}

/// A notice without the path in front, which the report has anyway.
fn own<'a>(path: &str, notice: &'a str) -> &'a str {
    notice.strip_prefix(path).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(notice)
}
