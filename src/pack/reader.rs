//! The reader: an index used in place, every access checked.

use std::cmp::Ordering;

use bytes::Bytes;

use super::footer::checksum;
use super::*;

/// An open pack. Cloning shares the bytes.
#[derive(Clone)]
pub(crate) struct Pack {
    bytes: Bytes,
    index: Bytes,
    /// Bodies end here.
    bodies_len: u64,
    identity: PackIdentity,
    sections: [(u32, u32); SECTIONS.len()],
}

/// An asset as the reader sees it.
#[derive(Clone, Copy)]
pub(crate) struct AssetRecord<'a> {
    pub(crate) path: &'a [u8],
    pub(crate) flags: AssetFlags,
    pub(crate) headers: u32,
    first: u32,
    count: u8,
}

impl Pack {
    /// Opens a pack in place: checks footer, checksum and section bounds.
    ///
    /// # Errors
    /// A [`PackError`] that says what is wrong with the bytes.
    pub(crate) fn open(bytes: Bytes) -> Result<Self, PackError> {
        let footer = Footer::read(bytes.last_chunk().ok_or(PackError::NotAPack)?)?;
        let (expected, found) = (footer.length, bytes.len() as u64);
        if expected != found {
            return Err(PackError::Length { expected, found });
        }
        let index = bytes.slice(footer.index_at as usize..(footer.index_at + footer.index_len) as usize);
        Self::with_index(bytes, index, &footer)
    }

    /// Opens a pack whose bodies stay where they are: [`Pack::body`] finds none of them.
    ///
    /// # Errors
    /// A [`PackError`] that says what is wrong with the index.
    pub(crate) fn open_index(index: Bytes, footer: &Footer) -> Result<Self, PackError> {
        Self::with_index(Bytes::new(), index, footer)
    }

    fn with_index(bytes: Bytes, index: Bytes, footer: &Footer) -> Result<Self, PackError> {
        if footer.checksum != checksum(&index, &footer.bytes) {
            return Err(PackError::Checksum);
        }
        let sections = section_table(&index).ok_or(PackError::Sections)?;
        Ok(Self { bytes, index, bodies_len: footer.index_at, identity: footer.identity(), sections })
    }

    /// What tells this pack from all others.
    pub(crate) fn identity(&self) -> PackIdentity {
        self.identity
    }

    /// The bytes of all bodies; they come first in the pack.
    pub(crate) fn bodies_len(&self) -> u64 {
        self.bodies_len
    }

    /// The first 128 bits of BLAKE3 over the index, which holds every body's hash: it names the whole pack.
    pub(crate) fn hash(&self) -> String {
        self.identity.hash[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The whole pack, for telling the kernel that its pages are not needed at once.
    pub(crate) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    fn section(&self, section: Section) -> &[u8] {
        let at = SECTIONS.iter().position(|s| *s == section).unwrap_or_default();
        let (offset, length) = self.sections[at];
        // `section_table` checked the bounds.
        self.index.get(offset as usize..(offset + length) as usize).unwrap_or_default()
    }

    /// The number of assets.
    pub(crate) fn len(&self) -> usize {
        self.section(Section::Assets).len() / ASSET_LEN
    }

    /// The number of assets that are kept for pages of releases before only.
    pub(crate) fn retired_len(&self) -> usize {
        le_u64(self.section(Section::Totals), 8).unwrap_or_default() as usize
    }

    /// Bytes of all identity representations but those of retired assets.
    pub(crate) fn identity_bytes(&self) -> u64 {
        le_u64(self.section(Section::Totals), 0).unwrap_or_default()
    }

    /// The asset at `position` in the order of paths.
    pub(crate) fn asset(&self, position: usize) -> Option<AssetRecord<'_>> {
        let record = self.section(Section::Assets).get(position.checked_mul(ASSET_LEN)?..)?.get(..ASSET_LEN)?;
        Some(AssetRecord {
            path: self.text(le_u32(record, 0)?, le_u32(record, 4)?)?,
            first: le_u32(record, 8)?,
            headers: le_u32(record, 12)?,
            flags: AssetFlags { bits: record[16], age: record[18] },
            count: record[17],
        })
    }

    /// The position of the asset whose path is `stem` followed by `suffix`.
    pub(crate) fn find(&self, stem: &[u8], suffix: &[u8]) -> Option<usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match compare(self.asset(middle)?.path, stem, suffix) {
                Ordering::Equal => return Some(middle),
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// The number of an asset's representations.
    pub(crate) fn representation_count(&self, asset: &AssetRecord<'_>) -> usize {
        usize::from(asset.count)
    }

    /// An asset's representation, counted from the most preferred.
    pub(crate) fn representation(&self, asset: &AssetRecord<'_>, nth: usize) -> Option<RepresentationRecord> {
        if nth >= usize::from(asset.count) {
            return None;
        }
        let at = (asset.first as usize).checked_add(nth)?.checked_mul(REPRESENTATION_LEN)?;
        let record = self.section(Section::Representations).get(at..)?.get(..REPRESENTATION_LEN)?;
        let offset = le_u64(record, 0)?;
        let mut entity_tag = [0; ENTITY_TAG_LEN];
        entity_tag.copy_from_slice(&record[16..40]);
        Some(RepresentationRecord {
            coding: Coding::from_byte(record[40])?,
            entity_tag: EntityTagText(entity_tag),
            location: if record[41] == 0 { Location::Packed(offset) } else { Location::Loose(offset) },
            length: le_u64(record, 8)?,
        })
    }

    /// A representation's entity tag as a slice of the index, to be sent without copying.
    pub(crate) fn entity_tag_bytes(&self, asset: &AssetRecord<'_>, nth: usize) -> Option<Bytes> {
        let at = (asset.first as usize).checked_add(nth)?.checked_mul(REPRESENTATION_LEN)?.checked_add(16)?;
        let text = self.section(Section::Representations).get(at..)?.get(..ENTITY_TAG_LEN)?;
        Some(self.index.slice_ref(text))
    }

    /// The bytes of a packed body; nothing for a body that lies outside the pack.
    pub(crate) fn body(&self, offset: u64, length: u64) -> Option<Bytes> {
        let end = offset.checked_add(length)?;
        (end <= self.bodies_len.min(self.bytes.len() as u64)).then(|| self.bytes.slice(offset as usize..end as usize))
    }

    /// The number of header sets.
    pub(crate) fn header_set_count(&self) -> usize {
        self.section(Section::HeaderSets).len() / HEADER_SET_LEN
    }

    /// The header fields of a set: the name's number and the value.
    pub(crate) fn header_set(&self, number: u32) -> impl Iterator<Item = (usize, Bytes)> + '_ {
        self.header_records(number).filter_map(|record| {
            let value = self.text(le_u32(record, 4)?, le_u32(record, 8)?)?;
            Some((le_u32(record, 0)? as usize, self.index.slice_ref(value)))
        })
    }

    /// Who set the header fields of a set, in the order of [`Pack::header_set`].
    pub(crate) fn header_origins(&self, number: u32) -> impl Iterator<Item = &[u8]> {
        self.header_records(number).filter_map(|record| self.text(le_u32(record, 12)?, le_u32(record, 16)?))
    }

    /// The hashes that belong to a header set.
    pub(crate) fn header_set_hashes(&self, number: u32) -> &[u8] {
        let hashes = self.header_set_record(number).and_then(|set| self.text(le_u32(set, 8)?, le_u32(set, 12)?));
        hashes.unwrap_or_default()
    }

    fn header_set_record(&self, number: u32) -> Option<&[u8]> {
        let at = (number as usize).checked_mul(HEADER_SET_LEN)?;
        self.section(Section::HeaderSets).get(at..)?.get(..HEADER_SET_LEN)
    }

    fn header_records(&self, number: u32) -> impl Iterator<Item = &[u8]> {
        let set = self.header_set_record(number);
        let (first, count) = set.and_then(|set| Some((le_u32(set, 0)?, le_u32(set, 4)?))).unwrap_or_default();
        self.section(Section::Headers).chunks_exact(HEADER_LEN).skip(first as usize).take(count as usize)
    }

    /// The site's rules.
    pub(crate) fn policy(&self) -> PolicySections<Bytes> {
        let bytes = |section| self.index.slice_ref(self.section(section));
        PolicySections {
            redirects: bytes(Section::Redirects),
            redirect_patterns: bytes(Section::RedirectPatterns),
            header_rules: bytes(Section::HeaderRules),
            policy_files: bytes(Section::PolicyFiles),
        }
    }

    /// All header names, in the order of their numbers.
    pub(crate) fn header_names(&self) -> impl Iterator<Item = &[u8]> {
        let records = self.section(Section::HeaderNames).chunks_exact(8);
        records.map(|record| self.name(record).unwrap_or_default())
    }

    fn name(&self, record: &[u8]) -> Option<&[u8]> {
        self.text(le_u32(record, 0)?, le_u32(record, 4)?)
    }

    fn text(&self, at: u32, length: u32) -> Option<&[u8]> {
        self.section(Section::Text).get(at as usize..)?.get(..length as usize)
    }
}

/// Orders `path` against the concatenation of `stem` and `suffix`.
fn compare(path: &[u8], stem: &[u8], suffix: &[u8]) -> Ordering {
    match path.split_at_checked(stem.len()) {
        Some((start, rest)) => start.cmp(stem).then_with(|| rest.cmp(suffix)),
        None => path.cmp(stem),
    }
}

/// Reads the section table; every section known to this reader must be there and inside the index.
fn section_table(index: &[u8]) -> Option<[(u32, u32); SECTIONS.len()]> {
    let count = le_u32(index, 0)? as usize;
    let table = index.get(4..)?.get(..count.checked_mul(12)?)?;
    let mut sections = [None; SECTIONS.len()];
    for row in table.chunks_exact(12) {
        let (id, at, length) = (le_u32(row, 0)?, le_u32(row, 4)?, le_u32(row, 8)?);
        index.get(at as usize..at.checked_add(length)? as usize)?;
        if let Some(known) = SECTIONS.iter().position(|section| *section as u32 == id) {
            sections[known] = Some((at, length));
        }
    }
    let mut found = [(0, 0); SECTIONS.len()];
    for (slot, section) in found.iter_mut().zip(sections) {
        *slot = section?;
    }
    Some(found)
}
