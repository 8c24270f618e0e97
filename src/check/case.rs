//! Upper and lower case: names that collide on other machines, and links that miss by it.

use std::collections::HashMap;

use super::problem::{Finding, Problem};
use super::subject::Subject;

/// The paths of a site by a hash of their lower-case form.
pub(super) struct Cases {
    folded: HashMap<u64, Vec<u32>>,
}

fn fold(path: &str) -> String {
    path.to_lowercase()
}

fn key(folded: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64(folded.as_bytes())
}

impl Cases {
    pub(super) fn of(subject: &Subject) -> Self {
        let mut folded: HashMap<u64, Vec<u32>> = HashMap::with_capacity(subject.len());
        for position in 0..subject.len() as u32 {
            folded.entry(key(&fold(subject.path(position)))).or_default().push(position);
        }
        Self { folded }
    }

    fn alike<'a>(&'a self, subject: &'a Subject, path: &str) -> impl Iterator<Item = &'a str> {
        let folded = fold(path);
        let found = self.folded.get(&key(&folded)).into_iter().flatten();
        found.map(|position| subject.path(*position)).filter(move |known| fold(known) == folded)
    }

    /// The path that is there if case is ignored.
    pub(super) fn hint(&self, subject: &Subject, path: &str) -> Option<String> {
        let decoded = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
        let name = decoded.trim_matches('/');
        let forms = [name.to_owned(), format!("{name}.html"), format!("{name}/index.html")];
        forms.iter().find_map(|form| self.alike(subject, form).find(|known| known != form).map(str::to_owned))
    }

    /// Files that can't lie beside each other where case does not count.
    pub(super) fn collisions(&self, subject: &Subject) -> Vec<Problem> {
        let groups = self.folded.values().filter(|group| group.len() > 1);
        let mut problems = Vec::new();
        for group in groups {
            let first = subject.path(group[0]);
            for other in group[1..].iter().map(|position| subject.path(*position)) {
                if fold(first) == fold(other) {
                    let message = format!("differs from {first} in case only: they are one file on macOS and Windows");
                    problems.push(Problem::new(other, 0, Finding::CaseCollision, message));
                }
            }
        }
        problems
    }
}
