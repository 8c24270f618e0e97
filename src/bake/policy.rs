//! The policy of a site: what its `_redirects` and `_headers` say, and what that means for each asset.

mod hashes;
mod headers;
mod loops;
mod preload;
mod redirects;
mod words;

use std::collections::BTreeSet;
use std::fmt;

use anyhow::{Context, Result, bail};

use super::Description;
use super::folder::Folder;
use super::html;
use super::read::Content;
use super::walk::Found;
use crate::pack::{NewHeaderSet, OwnedField, PolicySections};
use crate::rule::{
    Field, Glob, HeaderRules, Origin, PageHashes, Redirect, addresses, encode_policy_files, encode_redirects,
};
use preload::Hint;

/// The name of the file of header rules.
pub(crate) const HEADERS: &str = "_headers";

/// The name of the file of redirect rules.
pub(crate) const REDIRECTS: &str = "_redirects";

/// Whether pages announce what they need before they are shown (`--preload`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Preload {
    #[default]
    Off,
    On,
}

impl From<bool> for Preload {
    /// What a switch on the command line or in the environment means.
    fn from(wanted: bool) -> Self {
        if wanted { Self::On } else { Self::Off }
    }
}

/// Something wrong in a policy file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) file: &'static str,
    pub(crate) line: u32,
    /// What is wrong, and the remedy.
    pub(crate) text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.text)
    }
}

/// What one policy file says.
struct Parsed<T> {
    rules: Vec<T>,
    problems: Vec<Problem>,
    /// What looks wrong.
    notices: Vec<Problem>,
}

/// The rules of a site.
#[derive(Default)]
pub(crate) struct Policy {
    redirects: Vec<Redirect>,
    headers: HeaderRules,
    preload: Preload,
    /// The paths of the site, if hints refer to them.
    paths: BTreeSet<String>,
    /// Names and text of the policy files.
    files: Vec<(String, String)>,
    /// What looks wrong, one line each.
    pub(crate) notices: Vec<String>,
}

/// What a page itself says that its headers depend on.
#[derive(Clone, Default)]
pub(crate) struct PageFacts {
    hashes: PageHashes,
    hints: Vec<Hint>,
    /// What looks wrong.
    notices: Vec<String>,
}

impl Policy {
    /// Reads the policy files among `found`, for a site with the files of `served`.
    ///
    /// # Errors
    /// Files that can't be read, and the first thing that is wrong in them.
    pub(crate) fn read(folder: &Folder, found: &[Found], served: &[Found], preload: Preload) -> Result<Self> {
        let mut files = Vec::new();
        for found in found {
            let content = folder.read(&found.path, u64::MAX).with_context(|| found.path.clone())?;
            let text = String::from_utf8(content.bytes.unwrap_or_default().to_vec());
            files.push((found.path.clone(), text.with_context(|| format!("{}: convert it to UTF-8", found.path))?));
        }
        let (policy, problems) = Self::parse(files, served.iter().map(|found| found.path.clone()).collect(), preload);
        if let Some(first) = problems.first() {
            match problems.len() - 1 {
                0 => bail!("{first}"),
                more => bail!("{first} (and {more} more)"),
            }
        }
        Ok(policy)
    }

    /// Parses policy files, given as names and text, for a site with these paths; returns all that is wrong, too.
    pub(crate) fn parse(
        files: Vec<(String, String)>,
        paths: BTreeSet<String>,
        preload: Preload,
    ) -> (Self, Vec<Problem>) {
        let text = |name| files.iter().find(|(file, _)| file == name).map_or("", |(_, text)| without_mark(text));
        let redirects = redirects::parse(text(REDIRECTS), &paths);
        let headers = headers::parse(text(HEADERS));
        let notices = redirects.notices.iter().chain(&headers.notices).map(Problem::to_string).collect();
        let problems = [redirects.problems, headers.problems].concat();
        let (redirects, headers) = (redirects.rules, HeaderRules::new(headers.rules));
        let paths = if preload == Preload::On { paths } else { BTreeSet::new() };
        (Self { redirects, headers, preload, paths, files, notices }, problems)
    }

    /// The file at `path` must be read as a page for its headers to be known.
    pub(crate) fn wants_page(&self, description: &Description) -> bool {
        description.is_page() && (self.preload == Preload::On || self.headers.want_hashes())
    }

    /// Reads what the page at `path` says, if it is a page and that matters.
    pub(crate) fn page(&self, path: &str, description: &Description, content: &Content) -> Option<PageFacts> {
        let bytes = content.bytes.as_deref().filter(|_| self.wants_page(description))?;
        let page = html::read(&String::from_utf8_lossy(bytes));
        let notices = hashes::notices(path, &page);
        Some(PageFacts { hashes: hashes::of(&page), hints: preload::hints(path, &page), notices })
    }

    /// The header set of the asset at `path`, which has these fields by default.
    pub(super) fn header_set(&self, path: &str, defaults: Vec<(String, String)>, page: &PageFacts) -> NewHeaderSet {
        let default = |(name, value)| Field { name, value, origin: Origin::default_value() };
        let mut fields: Vec<Field> = defaults.into_iter().map(default).collect();
        fields.extend(self.hints(page));
        let counts = |pattern: &Glob| addresses(path).any(|address| pattern.matches(address));
        self.headers.apply(counts, &mut fields, &page.hashes);
        let owned = |field: Field| -> OwnedField { (field.name, field.value, field.origin.text().to_owned()) };
        let hashes = if self.headers.want_hashes() { page.hashes.encode() } else { Vec::new() };
        NewHeaderSet { fields: fields.into_iter().map(owned).collect(), hashes }
    }

    fn hints(&self, page: &PageFacts) -> impl Iterator<Item = Field> {
        let there = page.hints.iter().filter(|hint| self.preload == Preload::On && self.paths.contains(&hint.path));
        let field = |hint: &Hint| Field { name: "link".into(), value: hint.value.clone(), origin: Origin::preload() };
        there.map(field)
    }

    /// What the person who bakes should know about a page.
    pub(crate) fn page_notices<'a>(&self, page: &'a PageFacts) -> &'a [String] {
        if self.headers.want_hashes() { &page.notices } else { &[] }
    }

    /// The rules as they are kept in a pack.
    pub(crate) fn sections(&self) -> PolicySections<Vec<u8>> {
        let (redirects, redirect_patterns) = encode_redirects(&self.redirects);
        PolicySections {
            redirects,
            redirect_patterns,
            header_rules: self.headers.encode(),
            policy_files: encode_policy_files(&self.files),
        }
    }
}

fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

#[cfg(test)]
mod tests;
