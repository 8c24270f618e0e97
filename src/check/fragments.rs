//! Fragments: which places pages have and which are asked for, as hashes, so that a large site fits in memory.

use std::collections::{HashMap, HashSet};

/// A place in the page at a position.
pub(super) type Place = (u32, u64);

/// Places of pages, in the order in which the pages are read.
pub(super) struct Fragments {
    /// The sorted ids of each page that was read.
    ids: Vec<Option<Box<[u64]>>>,
    /// Places of pages that were not read yet: the id and the page that asks.
    waiting: HashMap<u32, Vec<(u64, u32)>>,
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
    pub(super) fn page(&mut self, position: u32, ids: Box<[u64]>, asked: &[Place]) {
        for (asked, source) in self.waiting.remove(&position).unwrap_or_default() {
            self.judge(&ids, (position, asked), source);
        }
        for place in asked {
            match self.ids.get(place.0 as usize) {
                Some(Some(known)) if known.binary_search(&place.1).is_err() => self.lacks(*place, position),
                Some(Some(_)) => {}
                _ if place.0 == position => self.judge(&ids, *place, position),
                _ => self.waiting.entry(place.0).or_default().push((place.1, position)),
            }
        }
        if let Some(slot) = self.ids.get_mut(position as usize) {
            *slot = Some(ids);
        }
    }

    fn judge(&mut self, ids: &[u64], place: Place, source: u32) {
        if ids.binary_search(&place.1).is_err() {
            self.lacks(place, source);
        }
    }

    fn lacks(&mut self, place: Place, source: u32) {
        self.missing.entry(source).or_default().insert(place);
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
        let mut fragments = Fragments::new(3);
        fragments.page(0, Box::new([1, 5]), &[(0, 1), (0, 2), (1, 7), (1, 8), (2, 9)]);
        fragments.page(1, Box::new([7]), &[(0, 5), (0, 6)]);
        let missing = fragments.missing();
        assert_eq!(missing[&0], [(0, 2), (1, 8)].into());
        assert_eq!(missing[&1], [(0, 6)].into());
    }
}
