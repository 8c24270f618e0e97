//! Checking every body of a pack against its entity tag.

use std::collections::HashSet;

use super::PackFile;
use crate::pack::{Coding, Location};

/// A representation whose bytes are not the ones that were baked.
#[derive(Debug)]
pub(crate) struct Damaged {
    pub(crate) path: String,
    pub(crate) coding: Coding,
    pub(crate) problem: anyhow::Error,
}

impl PackFile {
    /// Reads every body and returns those that are damaged. `progress` is told the bytes of each body that was read.
    pub(crate) fn damaged(&self, mut progress: impl FnMut(u64)) -> Vec<Damaged> {
        let mut seen = HashSet::new();
        let mut damaged = Vec::new();
        for asset in (0..self.pack.len()).filter_map(|position| self.pack.asset(position)) {
            for nth in 0..self.pack.representation_count(&asset) {
                let Some(form) = self.pack.representation(&asset, nth) else { continue };
                // Equal bodies are stored once.
                if let Location::Packed(offset) = form.location
                    && !seen.insert((offset, form.entity_tag))
                {
                    continue;
                }
                if let Err(problem) = self.stream(&form, |_| Ok(())) {
                    let path = String::from_utf8_lossy(asset.path).into_owned();
                    damaged.push(Damaged { path, coding: form.coding, problem });
                }
                progress(form.length);
            }
        }
        damaged
    }
}
