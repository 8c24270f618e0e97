//! The marker: bytes in a `site` executable's data that say which pack it carries at its end.
//!
//! A tool that copies an executable may drop what is appended to it (`strip` and `objcopy` do), and a download may
//! be cut off. The marker lies in the data section, which such tools keep, so the executable knows what it lacks.

use crate::pack::{PackIdentity, VERSION};

/// Bytes of a marker: magic, pack version, the pack's length, the pack's hash.
pub(crate) const MARKER_LEN: usize = 48;

/// The bytes that every marker starts with. They are searched for in writable segments only, and this constant is
/// not in one.
pub(crate) const MARKER_MAGIC: [u8; 16] = *b"\x7fsite:marker\x00\xd7\xa9\xfe";

/// What a marker says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Marker {
    /// The version of the packs that the executable reads.
    pub(crate) pack_version: u32,
    /// The pack at the executable's end; none in an executable that was not bundled.
    pub(crate) pack: Option<PackIdentity>,
}

impl Marker {
    /// The marker of an executable as it is built.
    pub(crate) const UNBUNDLED: Self = Self { pack_version: VERSION, pack: None };

    /// Reads a marker; nothing if the magic is not there.
    pub(crate) fn from_bytes(bytes: &[u8; MARKER_LEN]) -> Option<Self> {
        let (magic, rest) = bytes.split_first_chunk::<16>()?;
        let (version, rest) = rest.split_first_chunk::<4>()?;
        let (length, rest) = rest.get(4..)?.split_first_chunk::<8>()?;
        let identity = PackIdentity { length: u64::from_le_bytes(*length), hash: *rest.first_chunk()? };
        let pack = (identity.length != 0).then_some(identity);
        (*magic == MARKER_MAGIC).then_some(Self { pack_version: u32::from_le_bytes(*version), pack })
    }

    /// Writes the marker.
    pub(crate) const fn to_bytes(self) -> [u8; MARKER_LEN] {
        let mut bytes = [0; MARKER_LEN];
        let (magic, rest) = bytes.split_at_mut(16);
        magic.copy_from_slice(&MARKER_MAGIC);
        let (version, rest) = rest.split_at_mut(8);
        version.split_at_mut(4).0.copy_from_slice(&self.pack_version.to_le_bytes());
        if let Some(pack) = self.pack {
            let (length, hash) = rest.split_at_mut(8);
            length.copy_from_slice(&pack.length.to_le_bytes());
            hash.copy_from_slice(&pack.hash);
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_read_as_they_were_written() {
        let bundled = Marker { pack: Some(PackIdentity { length: 1 << 40, hash: [7; 16] }), ..Marker::UNBUNDLED };
        for marker in [Marker::UNBUNDLED, bundled] {
            assert_eq!(Marker::from_bytes(&marker.to_bytes()), Some(marker));
        }
        let mut other = bundled.to_bytes();
        other[3] ^= 1;
        assert_eq!(Marker::from_bytes(&other), None);
    }
}
