//! What is checked: the files of a folder or of a pack, and the site's lookup over their paths.

use std::io;
use std::path::Path;

use anyhow::{Context, Result};
use bytes::Bytes;

use super::coded;
use super::problem::{Finding, Problem};
use crate::bake::{self, Description, Folder, Links, Policy, Preload, Tree};
use crate::pack::{AssetFlags, AssetRecord, Coding, NewAsset, Pack, PackWriter, RepresentationRecord};
use crate::packfile::PackFile;
use crate::site::Site;

/// Larger files are not held in memory.
pub(super) const LARGEST: u64 = 64 << 20;

/// A site to check.
pub(crate) struct Subject {
    /// For looking up paths.
    pub(super) site: Site,
    /// What was found when it was opened.
    pub(super) problems: Vec<Problem>,
    bytes: u64,
    source: Source,
}

enum Source {
    Folder(Folder, Box<Policy>),
    Pack(Box<PackFile>),
}

/// The content of a file.
pub(super) struct Content {
    pub(super) utf8: bool,
    pub(super) length: u64,
    /// Nothing if it is too large to be held.
    pub(super) bytes: Option<Bytes>,
    /// As baking reads it, from a folder.
    baked: Option<bake::Content>,
}

impl Subject {
    /// Opens a folder. What a build would refuse is a problem of the site, as long as the rest can be checked.
    ///
    /// # Errors
    /// A folder that can't be read at all.
    pub(crate) fn folder(path: &Path, links: Links) -> Result<Self> {
        let (mut problems, mut folder) = (Vec::new(), Folder::open(path, links)?);
        let tree = match folder.walk() {
            Ok(tree) => tree,
            Err(refusal) => {
                folder = Folder::open(path, Links::LeaveOut)?;
                let tree = folder.walk()?;
                problems.push(Problem::new("", 0, Finding::Refused, format!("{refusal:#}")));
                tree
            }
        };
        for notice in &tree.notices {
            let (path, text) = notice.split_once(": ").unwrap_or(("", notice));
            problems.push(Problem::new(path, 0, Finding::LeftOut, text));
        }
        let policy = policy(&folder, &tree, &mut problems);
        let mut writer = PackWriter::new(Vec::new());
        let headers = writer.header_set(Vec::new());
        let bytes = tree.files.iter().map(|found| found.stamp.length).sum();
        for found in tree.files {
            let flags = AssetFlags::new(false);
            writer.asset(NewAsset { path: found.path, flags, headers, representations: Vec::new() });
        }
        writer.policy(policy.sections());
        let index = writer.finish().context("indexing the folder")?;
        let site = Site::new(Pack::open(index.into()).context("indexing the folder")?, Vec::new());
        Ok(Self { site, problems, bytes, source: Source::Folder(folder, Box::new(policy)) })
    }

    /// Takes a pack.
    pub(crate) fn pack(file: PackFile) -> Self {
        let site = Site::new(file.pack.clone(), Vec::new());
        Self { bytes: site.pack().identity_bytes(), site, problems: Vec::new(), source: Source::Pack(Box::new(file)) }
    }

    /// Bytes of all files.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The number of files, those that were kept from releases before included.
    pub(super) fn len(&self) -> usize {
        self.site.pack().len()
    }

    /// The file is kept from a release before: it was checked then.
    pub(super) fn is_retired(&self, position: u32) -> bool {
        self.record(position).is_some_and(|record| record.flags.is_retired())
    }

    fn record(&self, position: u32) -> Option<AssetRecord<'_>> {
        self.site.pack().asset(position as usize)
    }

    pub(super) fn path(&self, position: u32) -> &str {
        self.record(position).and_then(|record| std::str::from_utf8(record.path).ok()).unwrap_or_default()
    }

    /// The representations that are stored, the most preferred first; none in a folder.
    pub(super) fn representations(&self, position: u32) -> impl Iterator<Item = RepresentationRecord> + '_ {
        let record = self.record(position);
        let count = record.map_or(0, |record| self.site.pack().representation_count(&record));
        (0..count).filter_map(move |nth| self.site.pack().representation(&record?, nth))
    }

    /// The stored bytes are those that were baked, and hold `identity` if that is known.
    pub(super) fn is_sound(&self, record: &RepresentationRecord, identity: Option<&Bytes>) -> bool {
        let Source::Pack(file) = &self.source else { return true };
        let mut body = identity.filter(|_| record.length <= LARGEST).map(|_| Vec::new());
        let taken = file.stream(record, |piece| {
            body.iter_mut().for_each(|body| body.extend_from_slice(piece));
            Ok(())
        });
        let holds = body.zip(identity).is_none_or(|(body, identity)| coded::holds(record.coding, &body, identity));
        taken.is_ok() && holds
    }

    /// Reads a file.
    pub(super) fn content(&self, position: u32) -> io::Result<Content> {
        match &self.source {
            Source::Folder(folder, _) => {
                let read = folder.read(self.path(position), LARGEST)?;
                let bytes = read.bytes.clone();
                Ok(Content { utf8: read.utf8, length: read.stamp.length, bytes, baked: Some(read) })
            }
            Source::Pack(file) => {
                let identity = self.representations(position).find(|found| found.coding == Coding::Identity);
                let identity = identity.ok_or_else(|| io::Error::other("the pack has no identity representation"))?;
                let bytes = (identity.length <= LARGEST).then(|| file.stored(&identity)).transpose()?.map(Bytes::from);
                let utf8 = bytes.as_deref().is_none_or(|bytes| std::str::from_utf8(bytes).is_ok());
                Ok(Content { utf8, length: identity.length, bytes, baked: None })
            }
        }
    }

    /// What a build would say of the page at `path`.
    pub(super) fn policy_notices(&self, path: &str, description: &Description, content: &Content) -> Vec<String> {
        let (Source::Folder(_, policy), Some(baked)) = (&self.source, &content.baked) else { return Vec::new() };
        let page = policy.page(path, description, baked);
        page.map(|page| policy.page_notices(&page).to_vec()).unwrap_or_default()
    }

    /// The file is stored in codings of its own.
    pub(super) fn is_packed(&self) -> bool {
        matches!(self.source, Source::Pack(_))
    }
}

/// Reads the policy files; everything that is wrong in them is a problem.
fn policy(folder: &Folder, tree: &Tree, problems: &mut Vec<Problem>) -> Policy {
    let mut files = Vec::new();
    for found in &tree.policy {
        let read = folder.read(&found.path, LARGEST).ok().and_then(|content| content.bytes);
        match read.map(|bytes| String::from_utf8(bytes.to_vec())) {
            Some(Ok(text)) => files.push((found.path.clone(), text)),
            Some(Err(_)) => problems.push(Problem::new(&found.path, 0, Finding::Rule, "is not UTF-8; convert it")),
            None => problems.push(Problem::new(&found.path, 0, Finding::Unreadable, "can't be read")),
        }
    }
    let paths = tree.files.iter().map(|found| found.path.clone()).collect();
    let (policy, wrong) = Policy::parse(files, paths, Preload::Off);
    problems.extend(wrong.iter().map(|found| Problem::new(found.file, found.line, Finding::Rule, &found.text)));
    for notice in &policy.notices {
        let mut parts = notice.splitn(3, ':');
        if let (Some(file), Some(Ok(line)), Some(text)) =
            (parts.next(), parts.next().map(str::parse), parts.next().map(str::trim))
        {
            problems.push(Problem::new(file, line, Finding::DoubtfulRule, text));
        }
    }
    policy
}
