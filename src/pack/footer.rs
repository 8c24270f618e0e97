//! The footer: what the last bytes of a pack say about it, and why they may not be believed.

use std::fmt;

use super::{CHECKSUM_AT, FOOTER_LEN, MAGIC, VERSION, le_u32, le_u64};

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
    pub(super) bytes: [u8; FOOTER_LEN],
    /// Bytes of the whole pack.
    pub(crate) length: u64,
    /// Where the index starts in the pack.
    pub(crate) index_at: u64,
    pub(crate) index_len: u64,
    pub(super) checksum: u64,
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

/// The checksum over the index and all of the footer but the checksum itself.
pub(super) fn checksum(index: &[u8], footer: &[u8; FOOTER_LEN]) -> u64 {
    let mut hasher = xxhash_rust::xxh3::Xxh3Default::new();
    hasher.update(index);
    hasher.update(&footer[..CHECKSUM_AT]);
    hasher.update(&footer[CHECKSUM_AT + 8..]);
    hasher.digest()
}
