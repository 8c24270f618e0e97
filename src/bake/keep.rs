//! Assets of releases before, kept for pages that are still open in browsers.
//!
//! A page that was loaded before a release asks for the files that it was written for, such as `app.3f9a1c2b.js`.
//! Their names hold a hash of their content, so they can be kept beside the files of the new release.

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::fingerprint::is_page_name;
use crate::pack::{AssetRecord, Coding, EntityTagText, NewAsset, NewHeaderSet, PackWriter};
use crate::packfile::PackFile;

/// Releases that an asset is kept for, unless told otherwise.
pub(crate) const RELEASES: u8 = 3;

/// Bytes that kept assets may have, unless told otherwise.
pub(crate) const BYTES: u64 = 256 << 20;

/// The releases before, and how much of them is kept.
pub(crate) struct Keep {
    /// The newest first.
    releases: Vec<(PathBuf, PackFile)>,
    /// Releases that an asset is kept for.
    most_releases: u8,
    /// Bytes of the kept assets' representations.
    most_bytes: u64,
}

/// An asset of a release before that the new one lacks.
struct Candidate<'a> {
    /// How many releases ago it was part of the site.
    age: u8,
    path: String,
    from: &'a PackFile,
    asset: AssetRecord<'a>,
    bytes: u64,
}

impl Keep {
    /// Opens the releases before, the newest first.
    ///
    /// # Errors
    /// Files without a readable pack; the message names the path.
    pub(crate) fn open(paths: &[PathBuf], most_releases: u8, most_bytes: u64) -> Result<Self> {
        let open = |path: &PathBuf| Ok((path.clone(), PackFile::open(path)?));
        Ok(Self { releases: paths.iter().map(open).collect::<Result<_>>()?, most_releases, most_bytes })
    }

    /// Adds the assets to a pack that has all of the new release; returns what could not be kept and why.
    ///
    /// # Errors
    /// Damaged releases, and those of the output.
    pub(crate) fn add<W: Write>(&self, writer: &mut PackWriter<W>) -> Result<Vec<String>> {
        let mut notices = Vec::new();
        let mut candidates = self.candidates(current(writer), &mut notices);
        // The youngest first: they are the ones that are most likely to be asked for.
        candidates.sort_by(|a, b| (a.age, &a.path).cmp(&(b.age, &b.path)));
        let (mut kept, mut left_out) = (0, (0, 0));
        for candidate in candidates {
            if candidate.bytes > self.most_bytes - kept {
                left_out = (left_out.0 + 1, candidate.bytes.saturating_add(left_out.1));
                continue;
            }
            candidate.write(writer).with_context(|| format!("keeping {}", candidate.path))?;
            kept += candidate.bytes;
        }
        if let (files @ 1.., bytes) = left_out {
            notices.push(format!(
                "{files} assets of earlier releases ({bytes} bytes) are not kept: with them, it would be more than {} \
                 bytes",
                self.most_bytes
            ));
        }
        Ok(notices)
    }

    /// What the releases before have and the new one, `taken`, lacks.
    fn candidates(&self, mut taken: HashMap<String, EntityTagText>, notices: &mut Vec<String>) -> Vec<Candidate<'_>> {
        let mut candidates = Vec::new();
        for ((path, release), distance) in self.releases.iter().zip(1u8..) {
            for asset in (0..release.pack.len()).filter_map(|position| release.pack.asset(position)) {
                let Some(candidate) = Candidate::of(release, asset, distance) else { continue };
                let Some(entity_tag) = candidate.entity_tag() else { continue };
                match taken.get(&candidate.path) {
                    Some(same) if *same == entity_tag => {}
                    Some(_) => notices.extend(candidate.conflict(path)),
                    None if asset.flags.fingerprinted() && candidate.age <= self.most_releases => {
                        taken.insert(candidate.path.clone(), entity_tag);
                        candidates.push(candidate);
                    }
                    None => {}
                }
            }
        }
        candidates
    }
}

/// The paths of the new release, and what they mean.
fn current<W: Write>(writer: &PackWriter<W>) -> HashMap<String, EntityTagText> {
    let identity = |asset: &NewAsset| {
        let identity = asset.representations.iter().find(|form| form.coding == Coding::Identity)?;
        Some((asset.path.clone(), identity.entity_tag))
    };
    writer.assets().iter().filter_map(identity).collect()
}

impl<'a> Candidate<'a> {
    fn of(from: &'a PackFile, asset: AssetRecord<'a>, distance: u8) -> Option<Self> {
        let path = std::str::from_utf8(asset.path).ok()?.to_owned();
        let age = asset.flags.age().saturating_add(distance);
        let forms = (0..from.pack.representation_count(&asset)).filter_map(|nth| from.pack.representation(&asset, nth));
        // A damaged index may speak of any length.
        let bytes = forms.fold(0u64, |sum, form| sum.saturating_add(form.length));
        Some(Self { age, path, from, asset, bytes })
    }

    fn entity_tag(&self) -> Option<EntityTagText> {
        Some(self.from.identity(&self.asset)?.entity_tag)
    }

    /// What to say of an asset that has other bytes now. Pages may change: people who go to one get the new one.
    fn conflict(&self, release: &Path) -> Option<String> {
        let told = !is_page_name(&self.path) && !self.asset.flags.is_retired();
        told.then(|| {
            format!(
                "{}: has other bytes than in {} under the same name, and it can't be both; pages that are open get \
                 the new ones (put a hash of the content into the name)",
                self.path,
                release.display()
            )
        })
    }

    fn write<W: Write>(&self, writer: &mut PackWriter<W>) -> Result<()> {
        let pack = &self.from.pack;
        let mut representations = Vec::new();
        for nth in 0..pack.representation_count(&self.asset) {
            let mut form = pack.representation(&self.asset, nth).context("the index is damaged")?;
            form.location = writer.body(form.entity_tag, &self.from.body(&form)?)?;
            representations.push(form);
        }
        let names: Vec<_> = pack.header_names().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let fields = pack.header_set(self.asset.headers).zip(pack.header_origins(self.asset.headers));
        let fields = fields.filter_map(|((name, value), origin)| {
            // The lines of its `_headers` are not those of this release.
            let origin = if origin.is_empty() { "" } else { "an earlier release" };
            Some((names.get(name)?.clone(), text(&value), origin.to_owned()))
        });
        let headers = writer.new_header_set(NewHeaderSet { fields: fields.collect(), hashes: Vec::new() });
        let flags = self.asset.flags.retired(self.age);
        writer.asset(NewAsset { path: self.path.clone(), flags, headers, representations });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack::{AssetFlags, Pack, RepresentationRecord};

    #[test]
    fn lengths_beyond_all_sums_are_not_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("release.pack");
        let mut release = PackWriter::new(Vec::new());
        let headers = release.header_set(Vec::new());
        for path in ["a.3f9a1c2b.js", "b.3f9a1c2b.js"] {
            let entity_tag = EntityTagText::of(path.as_bytes());
            let location = release.body(entity_tag, path.as_bytes()).unwrap();
            let form = |coding, length| RepresentationRecord { coding, entity_tag, location, length };
            let representations = vec![form(Coding::Gzip, u64::MAX), form(Coding::Identity, path.len() as u64)];
            release.asset(NewAsset { path: path.into(), flags: AssetFlags::new(true), headers, representations });
        }
        std::fs::write(&path, release.finish().unwrap()).unwrap();
        let mut writer = PackWriter::new(Vec::new());
        let notices = Keep::open(&[path], RELEASES, BYTES).unwrap().add(&mut writer).unwrap();
        assert!(notices[0].starts_with("2 assets of earlier releases"), "{notices:?}");
        assert_eq!(Pack::open(writer.finish().unwrap().into()).unwrap().len(), 0);
    }
}
