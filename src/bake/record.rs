//! The record that a build leaves beside its executable: which folder was baked, and what it looked like.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::folder::Folder;
use super::walk::Links;
use crate::pack::{Coding, Pack};
use crate::rule::decode_policy_files;

/// The folder that was baked, and a digest of the identities and times of its files.
pub(crate) struct DistRecord {
    folder: PathBuf,
    digest: String,
    links: Links,
}

impl DistRecord {
    /// The record's file name, in the folder that cargo puts the executable into.
    pub(crate) const NAME: &str = "site.dist";

    /// Describes the folder as it is now.
    ///
    /// # Errors
    /// A folder that can't be walked.
    pub(crate) fn of(folder: &Path, links: Links) -> anyhow::Result<Self> {
        Ok(Self { folder: fs::canonicalize(folder)?, digest: digest(folder, links)?, links })
    }

    /// Writes the record with an old modification time, so that cargo does not take it for a change.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        let links = if self.links == Links::Follow { "follow" } else { "refuse" };
        let mut file = File::create(path)?;
        file.write_all(format!("{}\n{links}\n{}\n", self.digest, self.folder.display()).as_bytes())?;
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1))
    }

    /// Reads a record; nothing if there is none or its folder is gone.
    pub(crate) fn read(path: &Path) -> Option<Self> {
        let text = fs::read_to_string(path).ok()?;
        let mut lines = text.splitn(3, '\n');
        let digest = lines.next()?.to_owned();
        let links = if lines.next()? == "follow" { Links::Follow } else { Links::Refuse };
        let folder = PathBuf::from(lines.next()?.trim_end_matches('\n'));
        folder.is_dir().then_some(Self { folder, digest, links })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// No file was replaced, added, removed or written to. (The change time gives away what the modification time
    /// hides.)
    pub(crate) fn is_current(&self) -> bool {
        digest(&self.folder, self.links).is_ok_and(|digest| digest == self.digest)
    }

    /// The folder's files are those of `pack`, byte for byte.
    pub(crate) fn holds(&self, pack: &Pack) -> bool {
        let same = || -> anyhow::Result<bool> {
            let folder = Folder::open(&self.folder, self.links)?;
            let tree = folder.walk()?;
            let kept = pack.policy().policy_files;
            let mut kept: Vec<_> = decode_policy_files(&kept).collect();
            let mut same = tree.files.len() + pack.retired_len() == pack.len() && tree.policy.len() == kept.len();
            for found in &tree.policy {
                let bytes = folder.read(&found.path, u64::MAX)?.bytes.unwrap_or_default();
                kept.retain(|(name, text)| *name != found.path || text.as_bytes() != bytes);
            }
            same &= kept.is_empty();
            for found in tree.files {
                let content = folder.read(&found.path, 0)?;
                let identity = pack.find(found.path.as_bytes(), b"").and_then(|at| {
                    let asset = pack.asset(at)?;
                    let all = 0..pack.representation_count(&asset);
                    all.filter_map(|nth| pack.representation(&asset, nth)).find(|form| form.coding == Coding::Identity)
                });
                same &= identity.is_some_and(|identity| identity.entity_tag == content.entity_tag);
            }
            Ok(same)
        };
        same().unwrap_or(false)
    }
}

fn digest(folder: &Path, links: Links) -> anyhow::Result<String> {
    let tree = Folder::open(folder, links)?.walk()?;
    let mut hasher = blake3::Hasher::new();
    for found in tree.policy.iter().chain(&tree.files) {
        hasher.update(format!("{}\0{:?}\0", found.path, found.stamp).as_bytes());
    }
    Ok(hasher.finalize().to_hex().to_string())
}
