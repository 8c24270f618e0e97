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

mod footer;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

pub(crate) use footer::{Footer, PackError, PackIdentity};
pub(crate) use reader::{AssetRecord, Pack};
pub(crate) use writer::{NewAsset, PackWriter};

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

fn le_u32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|chunk| u32::from_le_bytes(*chunk))
}

fn le_u64(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|chunk| u64::from_le_bytes(*chunk))
}
