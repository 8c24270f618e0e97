//! Compressed bodies kept from one baking to the next, by the content that they were made from.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

use super::Form;
use super::coding::{COMPRESSED, Quality, compress};
use crate::pack::{Coding, EntityTagText};

/// A folder of compressed bodies. What can't be read is made again; what can't be written is not kept.
pub(crate) struct CodingCache {
    folder: PathBuf,
    used: Mutex<HashSet<String>>,
    hits: AtomicUsize,
}

impl CodingCache {
    /// Opens or makes the folder.
    ///
    /// # Errors
    /// A folder that can't be made.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self { folder: folder.to_owned(), used: Mutex::default(), hits: AtomicUsize::new(0) })
    }

    /// Like [`Form::compressed`] for the body with this entity tag.
    pub(crate) fn compressed(&self, body: &Bytes, entity_tag: &EntityTagText, quality: Quality) -> Vec<Form> {
        let mut hit = true;
        let forms = COMPRESSED
            .iter()
            .filter_map(|coding| {
                let name = self.name(entity_tag, *coding, quality);
                let coded = self.get(&name).unwrap_or_else(|| {
                    hit = false;
                    let coded = compress(body, *coding, quality).unwrap_or_default();
                    self.put(&name, &coded);
                    coded
                });
                // Empty: it was tried before and not smaller.
                (!coded.is_empty()).then(|| Form::coded(*coding, coded.into()))
            })
            .collect();
        self.hits.fetch_add(usize::from(hit), Ordering::Relaxed);
        forms
    }

    /// Bodies for which nothing had to be compressed.
    pub(crate) fn hits(&self) -> usize {
        self.hits.load(Ordering::Relaxed)
    }

    /// Removes what no body asked for since the cache was opened.
    pub(crate) fn prune(&self) {
        let used = self.used.lock().map(|used| used.clone()).unwrap_or_default();
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            if !entry.file_name().to_str().is_some_and(|name| used.contains(name)) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    fn name(&self, entity_tag: &EntityTagText, coding: Coding, quality: Quality) -> String {
        let tag = String::from_utf8_lossy(entity_tag.as_bytes());
        let name = format!("{}.{}", tag.trim_matches('"'), quality.cache_key(coding));
        if let Ok(mut used) = self.used.lock() {
            used.insert(name.clone());
        }
        name
    }

    /// A kept body. It ends with its own hash: a file that was cut off is as good as absent.
    fn get(&self, name: &str) -> Option<Vec<u8>> {
        let mut file = fs::read(self.folder.join(name)).ok()?;
        let coded = file.len().checked_sub(32)?;
        let intact = blake3::hash(&file[..coded]).as_bytes() == &file[coded..];
        file.truncate(coded);
        intact.then_some(file)
    }

    fn put(&self, name: &str, coded: &[u8]) {
        let file = [coded, blake3::hash(coded).as_bytes()].concat();
        let _ = fs::write(self.folder.join(name), file);
    }
}
