//! Redirect rules with placeholders: only those are tried that begin as the path does.

use std::collections::HashMap;

use super::redirect::Redirect;

/// Rules with placeholders, in the order of their lines.
#[derive(Default)]
pub(super) struct Patterns {
    rules: Vec<Redirect>,
    /// Positions of the rules that begin with a literal segment, by that segment.
    by_head: HashMap<String, Vec<usize>>,
    /// Positions of the others.
    anywhere: Vec<usize>,
}

impl FromIterator<Redirect> for Patterns {
    fn from_iter<I: IntoIterator<Item = Redirect>>(rules: I) -> Self {
        let mut patterns = Self::default();
        for rule in rules {
            let position = patterns.rules.len();
            match rule.from.head() {
                Some(head) => patterns.by_head.entry(head.to_owned()).or_default().push(position),
                None => patterns.anywhere.push(position),
            }
            patterns.rules.push(rule);
        }
        patterns
    }
}

impl Patterns {
    pub(super) fn any_forced(&self) -> bool {
        self.rules.iter().any(|rule| rule.forced)
    }

    /// The rules that may match a decoded path without the slash in front, in order.
    pub(super) fn candidates(&self, path: &str) -> impl Iterator<Item = &Redirect> {
        let head = path.split('/').next().unwrap_or_default();
        let named = if self.by_head.is_empty() { None } else { self.by_head.get(head) };
        let (mut named, mut anywhere) = (named.map_or(&[][..], Vec::as_slice), self.anywhere.as_slice());
        std::iter::from_fn(move || {
            let list = match (named.first(), anywhere.first()) {
                (Some(one), Some(other)) if one < other => &mut named,
                (Some(_), None) => &mut named,
                _ => &mut anywhere,
            };
            let (position, rest) = list.split_first()?;
            *list = rest;
            self.rules.get(*position)
        })
    }
}
