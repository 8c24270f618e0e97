//! Reading a file of a site: its bytes, their entity tag, whether they are text, and that they held still.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;

use crate::pack::EntityTagText;

/// What tells that a file is still the same file with the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    device: u64,
    inode: u64,
    pub(crate) length: u64,
    modified: (i64, i64),
    /// The time of the last change of bytes, name or owner: unlike mtime it can't be set back.
    changed: (i64, i64),
}

impl Stamp {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// The time since the file's last change; none for a change in the future.
    pub(crate) fn age(&self, now: SystemTime) -> Duration {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let (seconds, nanoseconds) = self.changed;
        let changed = Duration::new(seconds.max(0) as u64, nanoseconds.clamp(0, 999_999_999) as u32);
        now.saturating_sub(changed)
    }
}

/// What one reading of a file found.
#[derive(Clone)]
pub(crate) struct Content {
    pub(crate) entity_tag: EntityTagText,
    /// The bytes are valid UTF-8.
    pub(crate) utf8: bool,
    pub(crate) stamp: Stamp,
    /// The bytes themselves, if they fit in the budget of the reader.
    pub(crate) bytes: Option<Bytes>,
}

/// Reads `file` from where it stands, keeping the bytes if there are at most `keep` of them.
///
/// # Errors
/// Those of the file system; a file that changes while it is read is an error of kind `Interrupted`.
pub(crate) fn read(mut file: File, keep: u64) -> io::Result<Content> {
    let stamp = Stamp::of(&file.metadata()?);
    let mut hasher = blake3::Hasher::new();
    let mut text = Utf8Check::default();
    let mut kept = (stamp.length <= keep).then(|| Vec::with_capacity(stamp.length as usize + 1));
    if let Some(bytes) = &mut kept {
        file.read_to_end(bytes)?;
        hasher.update(bytes);
        text.update(bytes);
    } else {
        let mut chunk = vec![0; 256 << 10];
        loop {
            let length = file.read(&mut chunk)?;
            if length == 0 {
                break;
            }
            hasher.update(&chunk[..length]);
            text.update(&chunk[..length]);
        }
    }
    if Stamp::of(&file.metadata()?) != stamp || hasher.count() != stamp.length {
        return Err(io::Error::new(io::ErrorKind::Interrupted, "the file changed while it was read"));
    }
    let entity_tag = EntityTagText::from_hash(&hasher.finalize());
    Ok(Content { entity_tag, utf8: text.is_valid(), stamp, bytes: kept.map(Bytes::from) })
}

/// Tells whether bytes that arrive in pieces are valid UTF-8.
#[derive(Default)]
struct Utf8Check {
    /// The beginning of a character that the last piece cut.
    cut: Vec<u8>,
    invalid: bool,
}

impl Utf8Check {
    fn update(&mut self, mut piece: &[u8]) {
        while !self.cut.is_empty() && !piece.is_empty() && !self.invalid {
            self.cut.push(piece[0]);
            piece = &piece[1..];
            self.check_cut();
        }
        if let Err(error) = std::str::from_utf8(piece) {
            match error.error_len() {
                Some(_) => self.invalid = true,
                None => self.cut.extend_from_slice(&piece[error.valid_up_to()..]),
            }
        }
    }

    fn check_cut(&mut self) {
        match std::str::from_utf8(&self.cut) {
            Ok(_) => self.cut.clear(),
            Err(error) => self.invalid |= error.error_len().is_some(),
        }
    }

    fn is_valid(&self) -> bool {
        !self.invalid && self.cut.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf8_is_recognized_in_pieces_of_any_size() {
        let text = "aé€😀 end".as_bytes();
        for size in 1..text.len() {
            for (bytes, valid) in [(text, true), (&text[..text.len() - 5], false), (b"caf\xe9 \xff", false)] {
                let mut check = Utf8Check::default();
                bytes.chunks(size).for_each(|piece| check.update(piece));
                assert_eq!(check.is_valid(), valid, "{bytes:?} by {size}");
            }
        }
    }

    #[test]
    fn content_is_the_same_whether_kept_or_streamed() {
        let dir = tempfile::tempdir().unwrap();
        let bytes = "é".repeat(300_001);
        std::fs::write(dir.path().join("f"), &bytes).unwrap();
        let open = || File::open(dir.path().join("f")).unwrap();
        let (kept, streamed) = (read(open(), 1 << 20).unwrap(), read(open(), 10).unwrap());
        assert!(kept.entity_tag == streamed.entity_tag && kept.utf8 && streamed.utf8);
        assert_eq!(kept.bytes.unwrap(), bytes);
        assert!(streamed.bytes.is_none());
    }
}
