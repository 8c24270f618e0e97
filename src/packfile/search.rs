//! Searching a part of a file for bytes, without reading the file into memory.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use memchr::memmem::Finder;

const CHUNK: usize = 1 << 20;

/// Returns the positions of `needle` that lie wholly inside `range`, in order. A range that exceeds the file is cut.
pub(crate) fn positions(file: &File, range: Range<u64>, needle: &[u8]) -> io::Result<Vec<u64>> {
    let finder = Finder::new(needle);
    let mut buffer = vec![0; CHUNK];
    let mut found = Vec::new();
    let mut at = range.start;
    while range.end.saturating_sub(at) >= needle.len() as u64 {
        let wanted = usize::try_from(range.end - at).unwrap_or(CHUNK).min(CHUNK);
        let length = read_up_to(file, &mut buffer[..wanted], at)?;
        found.extend(finder.find_iter(&buffer[..length]).map(|position| at + position as u64));
        if length < wanted || length < needle.len() {
            break;
        }
        // The next chunk starts where a needle that this one cuts may start.
        at += (length - (needle.len() - 1)) as u64;
    }
    Ok(found)
}

/// Fills `buffer` from `offset` on, or as far as the file goes.
fn read_up_to(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match file.read_at(&mut buffer[length..], offset + length as u64) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needles_are_found_wherever_chunks_end() {
        let mut bytes = vec![b'.'; 2 * CHUNK + 100];
        let places = [0, 50, CHUNK - 6, CHUNK - 1, CHUNK + 9, 2 * CHUNK - 3, 2 * CHUNK + 94];
        for at in places {
            bytes[at..at + 6].copy_from_slice(b"needle");
        }
        // `CHUNK - 1` overwrites the end of the one before.
        let expected: Vec<u64> = places.iter().filter(|at| **at != CHUNK - 6).map(|at| *at as u64).collect();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("hay");
        std::fs::write(&path, &bytes).unwrap();
        let file = File::open(path).unwrap();
        let all = |range| positions(&file, range, b"needle").unwrap();
        assert_eq!(all(0..bytes.len() as u64), expected);
        assert_eq!(all(0..u64::MAX), expected);
        assert_eq!(all(1..2 * CHUNK as u64 + 99), expected[1..expected.len() - 1]);
        let reversed = std::ops::Range { start: 90, end: 20 };
        assert!(all(5..5).is_empty() && all(reversed).is_empty());
    }
}
