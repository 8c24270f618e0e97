//! Fragments: which places pages have and which are asked for, as hashes, so that a large site fits in memory.

use std::collections::{HashMap, HashSet};

/// An id of the page at a position.
pub(super) type Place = (u32, u64);

/// A place that a page asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Asked {
    pub(super) place: Place,
    /// Scripts that show source code make `#10-20` of `id=10`: what else would do.
    or: u64,
}

impl Asked {
    pub(super) fn new(position: u32, fragment: &str) -> Self {
        Self { place: (position, id(fragment)), or: id(first_line(fragment).unwrap_or(fragment)) }
    }

    fn is_in(&self, ids: &[u64]) -> bool {
        [self.place.1, self.or].iter().any(|id| ids.binary_search(id).is_ok())
    }
}

/// `10` of `10-20`, `L10` of `L10-L20`.
fn first_line(fragment: &str) -> Option<&str> {
    let (first, last) = fragment.split_once('-')?;
    let number = |text: &str| {
        let digits = text.strip_prefix('L').unwrap_or(text);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    (number(first) && number(last)).then_some(first)
}

/// Places of pages, in the order in which the pages are read.
pub(super) struct Fragments {
    /// The sorted ids of each page that was read.
    ids: Vec<Option<Box<[u64]>>>,
    /// Places of pages that were not read yet, by page, and who asks.
    waiting: HashMap<u32, Vec<(Asked, u32)>>,
    missing: HashMap<u32, HashSet<Place>>,
}

/// The hash of an id.
pub(super) fn id(text: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64(text.as_bytes())
}

impl Fragments {
    pub(super) fn new(files: usize) -> Self {
        Self { ids: vec![None; files], waiting: HashMap::new(), missing: HashMap::new() }
    }

    /// Takes note of a page: the ids that it has, sorted, and the places that it asks for.
    pub(super) fn page(&mut self, position: u32, ids: Box<[u64]>, asked: &[Asked]) {
        for (asked, source) in self.waiting.remove(&position).unwrap_or_default() {
            if !asked.is_in(&ids) {
                self.lacks(asked, source);
            }
        }
        if let Some(slot) = self.ids.get_mut(position as usize) {
            *slot = Some(ids);
        }
        for asked in asked {
            match self.ids.get(asked.place.0 as usize).and_then(Option::as_ref) {
                Some(known) if asked.is_in(known) => {}
                Some(_) => self.lacks(*asked, position),
                None => self.waiting.entry(asked.place.0).or_default().push((*asked, position)),
            }
        }
    }

    fn lacks(&mut self, asked: Asked, source: u32) {
        self.missing.entry(source).or_default().insert(asked.place);
    }

    /// The places that no page has, by the page that asks. (Files that are no pages have no places to check.)
    pub(super) fn missing(self) -> HashMap<u32, HashSet<Place>> {
        self.missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_judged_once_their_page_is_known() {
        let asked = |places: &[(u32, &str)]| places.iter().map(|(page, id)| Asked::new(*page, id)).collect::<Vec<_>>();
        let ids = |ids: &[&str]| {
            let mut ids: Vec<u64> = ids.iter().map(|text| id(text)).collect();
            ids.sort_unstable();
            ids.into_boxed_slice()
        };
        let mut fragments = Fragments::new(3);
        fragments.page(0, ids(&["a", "b"]), &asked(&[(0, "a"), (0, "x"), (1, "c"), (1, "y"), (2, "never read")]));
        fragments.page(1, ids(&["c", "7", "L8", "2024-01"]), &asked(&[(0, "b"), (0, "z"), (1, "7-9"), (1, "L8-L9")]));
        fragments.page(2, ids(&[]), &asked(&[(1, "2024-01"), (1, "8-9"), (1, "7-x"), (1, "7-")]));
        let missing = fragments.missing();
        assert_eq!(missing[&0], [(0, id("x")), (1, id("y")), (2, id("never read"))].into());
        assert_eq!(missing[&1], [(0, id("z"))].into());
        assert_eq!(missing[&2], [(1, id("8-9")), (1, id("7-x")), (1, id("7-"))].into());
    }
}
