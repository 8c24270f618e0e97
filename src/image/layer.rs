//! The layer: an archive that holds the executable and nothing else.

use std::io::{self, Read, Seek, Write};

use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};

use super::Contents;

/// Where the executable is in the image.
pub(crate) const PATH: &str = "site";

/// The digest and the length of what is written, without keeping it.
#[derive(Default)]
pub(crate) struct Measure {
    hasher: Sha256,
    length: u64,
}

/// A blob's digest (SHA-256, in hexadecimal) and length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Measured {
    pub(crate) digest: String,
    pub(crate) length: u64,
}

impl Measure {
    /// The digest and the length of bytes.
    pub(crate) fn of(bytes: &[u8]) -> Measured {
        let mut measure = Self::default();
        measure.add(bytes);
        measure.finish()
    }

    fn add(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.length += bytes.len() as u64;
    }

    pub(crate) fn finish(self) -> Measured {
        let digest = self.hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Measured { digest, length: self.length }
    }
}

impl Write for Measure {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.add(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes the layer. Times are `seconds` since 1970, owners are root, so that equal executables make equal layers.
///
/// # Errors
/// Those of the file and of the output.
pub(crate) fn write(contents: &Contents<'_>, seconds: u64, out: impl Write) -> io::Result<()> {
    let mut file = contents.file;
    file.rewind()?;
    let mut archive = Builder::new(out);
    archive.append_data(&mut header(contents.length, 0o755, seconds), PATH, file.take(contents.length))?;
    archive.into_inner()?.flush()
}

/// The header of a file in an archive.
pub(crate) fn header(length: u64, mode: u32, seconds: u64) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(EntryType::Regular);
    header.set_size(length);
    header.set_mode(mode);
    header.set_mtime(seconds);
    header.set_uid(0);
    header.set_gid(0);
    header
}
