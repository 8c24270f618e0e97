//! Where redirects end: followed as a browser would, with the table that serves them.

use std::collections::BTreeSet;

use crate::rule::{Action, Redirect, Redirects, decode_path};

/// Browsers give up after about as many.
const MOST_REDIRECTS: usize = 20;

/// Bytes of a path that no browser and no server takes any more. A rule that makes paths longer each time gets there, and
/// would get beyond all memory.
const LONGEST: usize = 8 << 10;

/// Characters of each path that are told.
const TOLD: usize = 60;

/// A site as far as redirects care.
pub(super) struct Site<'a> {
    pub(super) table: &'a Redirects,
    pub(super) paths: &'a BTreeSet<String>,
}

/// Where a redirect ends.
pub(super) enum End {
    /// At a page, an error that a rule asks for, or another site.
    Somewhere,
    /// At a path of this site where there is nothing.
    Nothing(String),
    /// Never; this is the way.
    Loop(Vec<String>),
}

impl Site<'_> {
    /// The file that answers a decoded path in one of the trailing-slash modes.
    pub(super) fn file(&self, path: &str) -> Option<&str> {
        let stem = path.strip_suffix('/').unwrap_or(path);
        let index = if stem.is_empty() { "index.html".to_owned() } else { format!("{stem}/index.html") };
        let names = [stem.to_owned(), format!("{stem}.html"), index];
        names.iter().find_map(|name| self.paths.get(name)).map(String::as_str)
    }

    /// The address of the file that a decoded path means: a redirect leads there at once.
    fn settled(&self, path: &str) -> String {
        let Some(file) = self.file(path) else { return path.to_owned() };
        let folder = file.strip_suffix("index.html").filter(|folder| folder.is_empty() || folder.ends_with('/'));
        let clean = folder.or_else(|| file.strip_suffix(".html")).unwrap_or(file);
        if self.file(clean) == Some(file) { clean.to_owned() } else { path.to_owned() }
    }

    /// Follows a rule from a path that it matches.
    pub(super) fn follow(&self, rule: &Redirect) -> End {
        let start = rule.from.example();
        let mut way = vec![format!("/{start}")];
        let Some(captures) = rule.from.captures(&start) else { return End::Somewhere };
        let mut target = rule.to.path(&captures);
        if !rule.to.is_local() {
            return End::Somewhere;
        }
        loop {
            // A path that is not clean is answered with 404.
            let Some(path) = decode_path(&target).map(|path| self.settled(&path)) else { return End::Nothing(target) };
            let known = way.iter().any(|seen| seen.trim_matches('/') == path.trim_matches('/'));
            way.push(format!("/{path}"));
            let next = self.table.first(&path).filter(|next| next.forced || self.file(&path).is_none());
            let Some(next) = next else {
                return if self.file(&path).is_some() { End::Somewhere } else { End::Nothing(target) };
            };
            if !matches!(next.action, Action::Redirect(_)) || !next.to.is_local() {
                return End::Somewhere;
            }
            if known || way.len() > MOST_REDIRECTS || path.len() > LONGEST {
                return End::Loop(way.iter().take(5).map(|path| abridged(path)).collect());
            }
            target = next.to.path(&next.captures);
        }
    }
}

fn abridged(path: &str) -> String {
    match path.char_indices().nth(TOLD) {
        Some((end, _)) => format!("{}…", &path[..end]),
        None => path.to_owned(),
    }
}
