//! `site diff`: what a release changes, and what that means for people who have the one before open.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;

use super::print;
use super::source;
use crate::cli::Diff;
use crate::inventory::{Entry, Inventory, Totals};

/// What differs between two releases.
#[derive(Debug, Serialize)]
struct Difference {
    old: Totals,
    new: Totals,
    added: Vec<Change>,
    removed: Vec<Change>,
    changed: Vec<Change>,
    open_tabs: OpenTabs,
}

/// A path with the size that it had and the size that it has.
#[derive(Debug, Serialize)]
struct Change {
    path: String,
    old_size: Option<u64>,
    new_size: Option<u64>,
}

/// What a page of the old release, open in a browser, finds when it asks for the files that came with it.
#[derive(Debug, Default, Serialize)]
struct OpenTabs {
    keep_working: bool,
    /// Files that are gone.
    missing: Vec<String>,
    /// Files with other bytes under the same name.
    replaced: Vec<String>,
}

/// Compares two releases.
///
/// # Errors
/// A site that can't be read.
pub(crate) fn diff(flags: Diff) -> Result<()> {
    let (old, new) = (source::open(Some(&flags.old))?, source::open(Some(&flags.new))?);
    let difference = compare(&Inventory::of(&old.pack), &Inventory::of(&new.pack));
    if flags.json {
        return print(&(serde_json::to_string_pretty(&difference)? + "\n"));
    }
    print(&text(&difference))
}

fn compare(old: &Inventory, new: &Inventory) -> Difference {
    let (before, after) = (by_path(old.current()), by_path(new.current()));
    let change = |path: &String| {
        let size = |entries: &BTreeMap<String, &Entry>| entries.get(path).map(|entry| entry.size);
        Change { path: path.clone(), old_size: size(&before), new_size: size(&after) }
    };
    let missing_in = |entries: &BTreeMap<String, &Entry>, path: &&String| !entries.contains_key(*path);
    let differs = |path: &&String| after.get(*path).is_some_and(|entry| entry.etag != before[*path].etag);
    Difference {
        old: old.totals.clone(),
        new: new.totals.clone(),
        added: after.keys().filter(|path| missing_in(&before, path)).map(change).collect(),
        removed: before.keys().filter(|path| missing_in(&after, path)).map(change).collect(),
        changed: before.keys().filter(differs).map(change).collect(),
        open_tabs: open_tabs(&before, &by_path(new.entries.iter())),
    }
}

fn by_path<'a>(entries: impl Iterator<Item = &'a Entry>) -> BTreeMap<String, &'a Entry> {
    entries.map(|entry| (entry.path.clone(), entry)).collect()
}

fn open_tabs(before: &BTreeMap<String, &Entry>, after: &BTreeMap<String, &Entry>) -> OpenTabs {
    let mut tabs = OpenTabs::default();
    for (path, entry) in before.iter().filter(|(_, entry)| !entry.is_page()) {
        match after.get(path) {
            None => tabs.missing.push(path.clone()),
            Some(now) if now.etag != entry.etag => tabs.replaced.push(path.clone()),
            Some(_) => {}
        }
    }
    tabs.keep_working = tabs.missing.is_empty() && tabs.replaced.is_empty();
    tabs
}

fn text(difference: &Difference) -> String {
    let Difference { added, removed, changed, open_tabs, old, new } = difference;
    let mut text = String::new();
    for (sign, changes) in [('+', added), ('-', removed), ('~', changed)] {
        for change in changes {
            let delta = change.new_size.unwrap_or_default() as i64 - change.old_size.unwrap_or_default() as i64;
            text += &format!("{sign} {delta:>+12}  {}\n", change.path.escape_debug());
        }
    }
    text += &format!(
        "{} added, {} removed, {} changed; {} → {} files, {} → {} bytes ({:+})\n",
        added.len(),
        removed.len(),
        changed.len(),
        old.files,
        new.files,
        old.bytes,
        new.bytes,
        new.bytes as i64 - old.bytes as i64
    );
    text + &open_tabs.text()
}

impl OpenTabs {
    fn text(&self) -> String {
        if self.keep_working {
            return "open tabs keep working: what a page of OLD loads, NEW answers with the same bytes\n".to_owned();
        }
        let mut text = String::new();
        for (what, paths) in [("gone", &self.missing), ("other bytes under the same name", &self.replaced)] {
            for path in paths {
                text += &format!("open tabs may break: {}: {what}\n", path.escape_debug());
            }
        }
        text + "remedy: bundle with --keep-from OLD, and give changed files new names (fingerprints)\n"
    }
}
