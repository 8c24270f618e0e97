//! The pack: one immutable archive of a baked site, with its writer and its zero-copy reader.
//!
//! ```text
//! bodies …                 the bytes of the representations, in the order in which they were added
//! index                    a section table, then the sections
//! footer (64 bytes)        magic, version, lengths, checksum, pack hash
//! ```
//!
//! The footer comes last, so a pack can be written in one pass and found at the end of an executable. All
//! integers are little-endian and unaligned: an embedded pack starts at any address. Opening checks the footer,
//! the index checksum and the bounds of the sections, and touches nothing per asset; every later access is
//! checked again, so a hostile pack yields absent assets, never a panic.
//!
//! Body offsets count from the pack's first byte. A *loose* body is not in the pack: its offset is a row in a
//! table kept by the carrier (the directory carrier's files).

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;
use std::io::{self, Write};

use bytes::Bytes;

/// The version of the format; a reader takes exactly this one.
pub(crate) const VERSION: u32 = 1;

/// The size in bytes of the footer that ends every pack.
pub(crate) const FOOTER_LEN: usize = 64;

const MAGIC: &[u8; 8] = b"SITEPACK";
const CHECKSUM_AT: usize = 40;
const ASSET_LEN: usize = 24;
const REPRESENTATION_LEN: usize = 48;
const HEADER_SET_LEN: usize = 16;
const HEADER_LEN: usize = 20;

/// The sections of an index, each a plain array.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
enum Section {
    /// Asset records, sorted by the bytes of their paths.
    Assets = 1,
    /// Representation records; an asset owns a run of them.
    Representations = 2,
    /// All text: paths, header names and values.
    Text = 3,
    /// Header sets: a run of the header records each, and the hashes of the page that has them.
    HeaderSets = 4,
    /// Header records: name, value, and who set it.
    Headers = 5,
    /// Header names, each once.
    HeaderNames = 6,
    /// Sums over the assets: the bytes of the identity representations, the number of retired assets.
    Totals = 7,
    /// Redirect rules for exact paths, sorted by path.
    Redirects = 8,
    /// Redirect rules with placeholders, in order.
    RedirectPatterns = 9,
    /// Header rules, in order.
    HeaderRules = 10,
    /// The policy files as they were, for giving them back.
    PolicyFiles = 11,
}

const SECTIONS: [Section; 11] = [
    Section::Assets,
    Section::Representations,
    Section::Text,
    Section::HeaderSets,
    Section::Headers,
    Section::HeaderNames,
    Section::Totals,
    Section::Redirects,
    Section::RedirectPatterns,
    Section::HeaderRules,
    Section::PolicyFiles,
];

/// The rules of a site as they are kept in a pack; what the bytes mean is known to `rule`.
#[derive(Clone, Default)]
pub(crate) struct PolicySections<T> {
    pub(crate) redirects: T,
    pub(crate) redirect_patterns: T,
    pub(crate) header_rules: T,
    pub(crate) policy_files: T,
}

/// A header field with who set it (empty: nobody but this program).
pub(crate) type OwnedField = (String, String, String);

/// What answers with an asset have in common.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct NewHeaderSet {
    pub(crate) fields: Vec<OwnedField>,
    /// The hashes of what the page contains inline, for rules that are applied to it at another address.
    pub(crate) hashes: Vec<u8>,
}

/// A content coding (RFC 9110 §8.4.1), ordered from least to most preferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(crate) enum Coding {
    Identity = 0,
    Gzip = 1,
    Brotli = 2,
}

impl Coding {
    /// The coding's registered token.
    pub(crate) fn token(self) -> &'static str {
        match self {
            Coding::Identity => "identity",
            Coding::Gzip => "gzip",
            Coding::Brotli => "br",
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        [Coding::Identity, Coding::Gzip, Coding::Brotli].into_iter().find(|c| *c as u8 == byte)
    }
}

/// The length of a written entity tag: 22 base64url characters (128 bits of BLAKE3) between quotes.
pub(crate) const ENTITY_TAG_LEN: usize = 24;

/// A strong entity tag as it is sent, quotes included (RFC 9110 §8.8.3). It is also its body's checksum.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct EntityTagText([u8; ENTITY_TAG_LEN]);

impl EntityTagText {
    /// Derives the entity tag of a body from the body's BLAKE3 hash.
    pub(crate) fn from_hash(hash: &blake3::Hash) -> Self {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut bits = [0u8; 16];
        bits.copy_from_slice(&hash.as_bytes()[..16]);
        let number = u128::from_be_bytes(bits);
        let mut text = [b'"'; ENTITY_TAG_LEN];
        for (i, character) in text[1..ENTITY_TAG_LEN - 1].iter_mut().enumerate() {
            // 22 characters hold 132 bits: the last one carries two bits of the hash and four zeros.
            let shift = 122 - 6 * i as i32;
            let six = if shift >= 0 { number >> shift } else { number << -shift };
            *character = ALPHABET[(six & 63) as usize];
        }
        Self(text)
    }

    /// Hashes a whole body.
    pub(crate) fn of(body: &[u8]) -> Self {
        Self::from_hash(&blake3::hash(body))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Where a representation's bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    /// In the pack, at this offset.
    Packed(u64),
    /// In the carrier's table of loose bodies, at this row.
    Loose(u64),
}

/// One sendable form of an asset, as it is stored.
#[derive(Clone, Copy)]
pub(crate) struct RepresentationRecord {
    pub(crate) coding: Coding,
    pub(crate) entity_tag: EntityTagText,
    pub(crate) location: Location,
    /// Bytes of the body.
    pub(crate) length: u64,
}

/// What is special about an asset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct AssetFlags {
    bits: u8,
    age: u8,
}

impl AssetFlags {
    const FINGERPRINTED: u8 = 1;

    pub(crate) fn new(fingerprinted: bool) -> Self {
        Self { bits: if fingerprinted { Self::FINGERPRINTED } else { 0 }, age: 0 }
    }

    /// The same for an asset that was part of the site this many releases ago, and is no more.
    pub(crate) fn retired(self, age: u8) -> Self {
        Self { age, ..self }
    }

    /// The asset's name contains a hash of its content.
    pub(crate) fn fingerprinted(self) -> bool {
        self.bits & Self::FINGERPRINTED != 0
    }

    /// How many releases ago the asset was part of the site: 0 if it is now.
    pub(crate) fn age(self) -> u8 {
        self.age
    }

    /// The asset is kept for pages of releases before only.
    pub(crate) fn is_retired(self) -> bool {
        self.age > 0
    }
}

/// An asset as the writer takes it.
pub(crate) struct NewAsset {
    /// The path below the site's root, with `/` between segments and none in front.
    pub(crate) path: String,
    pub(crate) flags: AssetFlags,
    /// The number that [`PackWriter::header_set`] gave.
    pub(crate) headers: u32,
    /// From the most to the least preferred coding; identity is always there.
    pub(crate) representations: Vec<RepresentationRecord>,
}

/// Writes a pack in one pass.
pub(crate) struct PackWriter<W> {
    out: W,
    written: u64,
    bodies: HashMap<(EntityTagText, u64), u64>,
    assets: Vec<NewAsset>,
    header_sets: HashMap<NewHeaderSet, u32>,
    policy: PolicySections<Vec<u8>>,
}

impl<W: Write> PackWriter<W> {
    pub(crate) fn new(out: W) -> Self {
        Self {
            out,
            written: 0,
            bodies: HashMap::new(),
            assets: Vec::new(),
            header_sets: HashMap::new(),
            policy: PolicySections::default(),
        }
    }

    /// Appends a body and returns where it is; equal bodies are stored once.
    pub(crate) fn body(&mut self, entity_tag: EntityTagText, body: &[u8]) -> io::Result<Location> {
        let key = (entity_tag, body.len() as u64);
        if let Some(&offset) = self.bodies.get(&key) {
            return Ok(Location::Packed(offset));
        }
        let offset = self.written;
        self.out.write_all(body)?;
        self.written += body.len() as u64;
        self.bodies.insert(key, offset);
        Ok(Location::Packed(offset))
    }

    /// Returns the number of a set of header fields that nobody but this program sets.
    pub(crate) fn header_set(&mut self, fields: Vec<(String, String)>) -> u32 {
        let fields = fields.into_iter().map(|(name, value)| (name, value, String::new())).collect();
        self.new_header_set(NewHeaderSet { fields, hashes: Vec::new() })
    }

    /// Returns the number of a header set: equal sets share one.
    pub(crate) fn new_header_set(&mut self, set: NewHeaderSet) -> u32 {
        let next = self.header_sets.len() as u32;
        *self.header_sets.entry(set).or_insert(next)
    }

    /// Adds the site's rules.
    pub(crate) fn policy(&mut self, policy: PolicySections<Vec<u8>>) {
        self.policy = policy;
    }

    pub(crate) fn asset(&mut self, asset: NewAsset) {
        self.assets.push(asset);
    }

    /// The assets so far.
    pub(crate) fn assets(&self) -> &[NewAsset] {
        &self.assets
    }

    /// Writes index and footer and returns the output.
    ///
    /// # Errors
    /// Those of the output, and an index over 4 GiB.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.assets.sort_by(|a, b| a.path.as_bytes().cmp(b.path.as_bytes()));
        let header_sets = std::mem::take(&mut self.header_sets);
        let index = IndexBuilder::build(&self.assets, header_sets, std::mem::take(&mut self.policy))?;
        let index_at = self.written;
        let length = index_at + index.len() as u64 + FOOTER_LEN as u64;
        let mut footer = [0u8; FOOTER_LEN];
        footer[..8].copy_from_slice(MAGIC);
        footer[8..12].copy_from_slice(&VERSION.to_le_bytes());
        footer[16..24].copy_from_slice(&length.to_le_bytes());
        footer[24..32].copy_from_slice(&index_at.to_le_bytes());
        footer[32..40].copy_from_slice(&(index.len() as u64).to_le_bytes());
        footer[48..64].copy_from_slice(&blake3::hash(&index).as_bytes()[..16]);
        let checksum = checksum(&index, &footer);
        footer[CHECKSUM_AT..CHECKSUM_AT + 8].copy_from_slice(&checksum.to_le_bytes());
        self.out.write_all(&index)?;
        self.out.write_all(&footer)?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// The checksum over the index and all of the footer but the checksum itself.
fn checksum(index: &[u8], footer: &[u8; FOOTER_LEN]) -> u64 {
    let mut hasher = xxhash_rust::xxh3::Xxh3Default::new();
    hasher.update(index);
    hasher.update(&footer[..CHECKSUM_AT]);
    hasher.update(&footer[CHECKSUM_AT + 8..]);
    hasher.digest()
}

/// Lays out the sections of an index.
#[derive(Default)]
struct IndexBuilder {
    assets: Vec<u8>,
    representations: Vec<u8>,
    text: Vec<u8>,
    header_sets: Vec<u8>,
    headers: Vec<u8>,
    header_names: Vec<u8>,
    policy: PolicySections<Vec<u8>>,
    identity_bytes: u64,
    retired: u64,
}

impl IndexBuilder {
    fn build(
        assets: &[NewAsset],
        header_sets: HashMap<NewHeaderSet, u32>,
        policy: PolicySections<Vec<u8>>,
    ) -> io::Result<Vec<u8>> {
        let mut builder = Self { policy, ..Self::default() };
        let mut sets: Vec<_> = header_sets.into_iter().collect();
        sets.sort_by_key(|(_, number)| *number);
        builder.header_sets(&sets)?;
        for asset in assets {
            builder.asset(asset)?;
        }
        builder.concatenate()
    }

    fn header_sets(&mut self, sets: &[(NewHeaderSet, u32)]) -> io::Result<()> {
        let mut names: HashMap<&str, u32> = HashMap::new();
        let mut values: HashMap<&str, (u32, u32)> = HashMap::new();
        for (NewHeaderSet { fields, hashes }, _) in sets {
            put_u32(&mut self.header_sets, self.headers.len() / HEADER_LEN)?;
            put_u32(&mut self.header_sets, fields.len())?;
            put_u32(&mut self.header_sets, self.text.len())?;
            put_u32(&mut self.header_sets, hashes.len())?;
            self.text.extend(hashes);
            for (name, value, origin) in fields {
                if !names.contains_key(name.as_str()) {
                    let (at, length) = self.text(name)?;
                    self.header_names.extend([at.to_le_bytes(), length.to_le_bytes()].concat());
                    names.insert(name, names.len() as u32);
                }
                for text in [value, origin] {
                    if !values.contains_key(text.as_str()) {
                        values.insert(text, self.text(text)?);
                    }
                }
                let ((at, length), (origin_at, origin_length)) = (values[value.as_str()], values[origin.as_str()]);
                for number in [names[name.as_str()], at, length, origin_at, origin_length] {
                    self.headers.extend(number.to_le_bytes());
                }
            }
        }
        Ok(())
    }

    fn asset(&mut self, asset: &NewAsset) -> io::Result<()> {
        self.retired += u64::from(asset.flags.is_retired());
        let (at, length) = self.text(&asset.path)?;
        self.assets.extend([at.to_le_bytes(), length.to_le_bytes()].concat());
        put_u32(&mut self.assets, self.representations.len() / REPRESENTATION_LEN)?;
        self.assets.extend(asset.headers.to_le_bytes());
        self.assets.extend([asset.flags.bits, asset.representations.len() as u8, asset.flags.age, 0, 0, 0, 0, 0]);
        for representation in &asset.representations {
            let (loose, offset) = match representation.location {
                Location::Packed(offset) => (0, offset),
                Location::Loose(row) => (1, row),
            };
            if representation.coding == Coding::Identity && !asset.flags.is_retired() {
                self.identity_bytes += representation.length;
            }
            self.representations.extend(offset.to_le_bytes());
            self.representations.extend(representation.length.to_le_bytes());
            self.representations.extend(representation.entity_tag.0);
            self.representations.extend([representation.coding as u8, loose, 0, 0, 0, 0, 0, 0]);
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> io::Result<(u32, u32)> {
        let at = number(self.text.len())?;
        self.text.extend(text.as_bytes());
        Ok((at, number(text.len())?))
    }

    fn concatenate(self) -> io::Result<Vec<u8>> {
        let mut index = Vec::new();
        let mut at = 4 + SECTIONS.len() * 12;
        put_u32(&mut index, SECTIONS.len())?;
        let totals = [self.identity_bytes, self.retired].map(u64::to_le_bytes).concat();
        let sections = SECTIONS.map(|section| match section {
            Section::Assets => &self.assets,
            Section::Representations => &self.representations,
            Section::Text => &self.text,
            Section::HeaderSets => &self.header_sets,
            Section::Headers => &self.headers,
            Section::HeaderNames => &self.header_names,
            Section::Totals => &totals,
            Section::Redirects => &self.policy.redirects,
            Section::RedirectPatterns => &self.policy.redirect_patterns,
            Section::HeaderRules => &self.policy.header_rules,
            Section::PolicyFiles => &self.policy.policy_files,
        });
        for (id, section) in SECTIONS.iter().zip(sections) {
            put_u32(&mut index, *id as usize)?;
            put_u32(&mut index, at)?;
            put_u32(&mut index, section.len())?;
            at += section.len();
        }
        sections.iter().for_each(|section| index.extend_from_slice(section));
        Ok(index)
    }
}

fn number(value: usize) -> io::Result<u32> {
    u32::try_from(value).map_err(|_| io::Error::new(io::ErrorKind::FileTooLarge, "the pack's index exceeds 4 GiB"))
}

fn put_u32(out: &mut Vec<u8>, value: usize) -> io::Result<()> {
    out.extend(number(value)?.to_le_bytes());
    Ok(())
}

/// Why bytes are not a usable pack.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PackError {
    /// The bytes do not end in a pack's footer.
    NotAPack,
    /// The pack was written by another version of the format.
    Version(u32),
    /// The footer speaks of other lengths than the bytes have: truncated or padded.
    Length { expected: u64, found: u64 },
    /// The index does not have the checksum that the footer names: damaged.
    Checksum,
    /// The section table points outside the index.
    Sections,
}

impl fmt::Display for PackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PackError::NotAPack => write!(f, "there is no pack at the end"),
            PackError::Version(found) => {
                write!(f, "the pack has format version {found}, this executable reads version {VERSION}: bake it again")
            }
            PackError::Length { expected, found } => {
                write!(f, "the pack should have {expected} bytes and has {found}: the file is truncated or padded")
            }
            PackError::Checksum => write!(f, "the pack's index is damaged (its checksum does not match)"),
            PackError::Sections => write!(f, "the pack's index is damaged (its section table is wrong)"),
        }
    }
}

impl std::error::Error for PackError {}

/// What tells a pack from all others: its length and a hash over its index, which holds every body's hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PackIdentity {
    pub(crate) length: u64,
    pub(crate) hash: [u8; 16],
}

/// What the last bytes of a pack say about it.
#[derive(Clone, Copy)]
pub(crate) struct Footer {
    bytes: [u8; FOOTER_LEN],
    /// Bytes of the whole pack.
    pub(crate) length: u64,
    /// Where the index starts in the pack.
    pub(crate) index_at: u64,
    pub(crate) index_len: u64,
    checksum: u64,
}

impl Footer {
    /// The bytes that every footer starts with.
    pub(crate) const MAGIC: &'static [u8; 8] = MAGIC;

    /// Reads a footer and checks that it agrees with itself.
    ///
    /// # Errors
    /// Bytes that are no footer, another version, lengths that contradict each other.
    pub(crate) fn read(bytes: &[u8; FOOTER_LEN]) -> Result<Self, PackError> {
        if &bytes[..8] != MAGIC {
            return Err(PackError::NotAPack);
        }
        let version = le_u32(bytes, 8).unwrap_or_default();
        if version != VERSION {
            return Err(PackError::Version(version));
        }
        let [length, index_at, index_len, checksum] =
            [16, 24, 32, CHECKSUM_AT].map(|at| le_u64(bytes, at).unwrap_or_default());
        let found = index_at.checked_add(index_len).and_then(|end| end.checked_add(FOOTER_LEN as u64));
        match found {
            Some(found) if found == length => Ok(Self { bytes: *bytes, length, index_at, index_len, checksum }),
            _ => Err(PackError::Length { expected: length, found: found.unwrap_or(u64::MAX) }),
        }
    }

    pub(crate) fn identity(&self) -> PackIdentity {
        let mut hash = [0; 16];
        hash.copy_from_slice(&self.bytes[48..64]);
        PackIdentity { length: self.length, hash }
    }
}

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

fn le_u32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|chunk| u32::from_le_bytes(*chunk))
}

fn le_u64(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|chunk| u64::from_le_bytes(*chunk))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        let mut writer = PackWriter::new(Vec::new());
        let headers = writer.header_set(vec![("content-type".into(), "text/html; charset=utf-8".into())]);
        for (path, body) in [("b.html", "bee"), ("a/index.html", "bee"), ("a.html", "")] {
            let entity_tag = EntityTagText::of(body.as_bytes());
            let location = writer.body(entity_tag, body.as_bytes()).unwrap();
            let length = body.len() as u64;
            let representations = vec![RepresentationRecord { coding: Coding::Identity, entity_tag, location, length }];
            writer.asset(NewAsset { path: path.into(), flags: AssetFlags::default(), headers, representations });
        }
        writer.finish().unwrap()
    }

    #[test]
    fn written_assets_are_found_with_their_bodies_and_headers() {
        let pack = Pack::open(sample().into()).unwrap();
        assert_eq!(pack.len(), 3);
        let asset = pack.asset(pack.find(b"a/", b"index.html").unwrap()).unwrap();
        let representation = pack.representation(&asset, 0).unwrap();
        let Location::Packed(offset) = representation.location else { panic!("not packed") };
        assert_eq!(pack.body(offset, representation.length).unwrap(), "bee");
        assert_eq!(pack.entity_tag_bytes(&asset, 0).unwrap(), EntityTagText::of(b"bee").as_bytes());
        let fields: Vec<_> = pack.header_set(asset.headers).collect();
        assert_eq!(fields, [(0, Bytes::from("text/html; charset=utf-8"))]);
        assert_eq!(pack.header_names().collect::<Vec<_>>(), [b"content-type"]);
        assert!(pack.find(b"a", b"").is_none() && pack.find(b"a", b"/").is_none());
        assert!(pack.representation(&asset, 1).is_none());
    }

    #[test]
    fn equal_bodies_are_stored_once() {
        let pack = Pack::open(sample().into()).unwrap();
        let places: Vec<_> = [b"b.html".as_slice(), b"a/index.html"]
            .map(|path| pack.representation(&pack.asset(pack.find(path, b"").unwrap()).unwrap(), 0).unwrap().location)
            .to_vec();
        assert_eq!(places[0], places[1]);
    }

    #[test]
    fn truncated_padded_and_damaged_packs_are_refused() {
        let whole = sample();
        for length in 0..whole.len() {
            assert!(Pack::open(Bytes::copy_from_slice(&whole[..length])).is_err(), "{length} bytes");
            assert!(Pack::open(Bytes::copy_from_slice(&whole[whole.len() - length..])).is_err(), "last {length} bytes");
        }
        for at in 3..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            assert!(Pack::open(damaged.into()).is_err(), "byte {at}");
        }
    }

    #[test]
    fn another_version_is_named() {
        let mut pack = sample();
        let at = pack.len() - FOOTER_LEN + 8;
        pack[at] = 99;
        assert_eq!(Pack::open(pack.into()).err(), Some(PackError::Version(99)));
    }

    /// Any index, even one with a valid checksum, is read without a panic.
    #[test]
    fn hostile_indexes_yield_absent_assets() {
        let whole = sample();
        let footer_at = whole.len() - FOOTER_LEN;
        let index_at = 3;
        for at in index_at..footer_at {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut hostile = whole.clone();
                hostile[at] = value;
                let footer: [u8; FOOTER_LEN] = *hostile.last_chunk().unwrap();
                let sum = checksum(&hostile[index_at..footer_at], &footer);
                hostile[footer_at + CHECKSUM_AT..][..8].copy_from_slice(&sum.to_le_bytes());
                let Ok(pack) = Pack::open(hostile.into()) else { continue };
                for position in 0..pack.len().min(9) {
                    let Some(asset) = pack.asset(position) else { continue };
                    for nth in 0..3 {
                        let found = pack.representation(&asset, nth);
                        if let Some(RepresentationRecord { location: Location::Packed(at), length, .. }) = found {
                            pack.body(at, length);
                        }
                        pack.entity_tag_bytes(&asset, nth);
                    }
                    pack.header_set(asset.headers).count();
                    pack.header_origins(asset.headers).count();
                    pack.header_set_hashes(asset.headers);
                    pack.policy();
                }
                pack.find(b"a/index.html", b"");
                pack.header_names().count();
            }
        }
    }
}
