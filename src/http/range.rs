//! Ranges: which bytes of the selected representation a Range header asks for (RFC 9110 §14).

use std::ops::Range;

/// Parts that one answer may have; a request for more gets the whole representation (§17.15).
pub(crate) const MAX_PARTS: usize = 16;

/// Range specifiers that are read before a header is taken for an attack.
const MAX_SPECIFIERS: usize = 256;

/// What a Range header asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ranges {
    /// Everything: 200.
    Whole,
    /// These parts, never empty, each inside the representation: 206.
    Parts(Vec<Range<u64>>),
    /// Nothing that the representation has: 416.
    Unsatisfiable,
}

impl Ranges {
    /// What this means for a representation of `length` bytes, for people.
    pub(crate) fn explanation(&self, length: u64) -> String {
        match self {
            Self::Whole => format!("no range that counts: all {length} bytes"),
            Self::Parts(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| format!("{}-{}", part.start, part.end - 1)).collect();
                format!("bytes {} of {length}", parts.join(", "))
            }
            Self::Unsatisfiable => format!("no byte of the range is among the {length} bytes"),
        }
    }
}

/// Resolves the value of a Range header against a representation of `length` bytes.
///
/// Other units, malformed headers and ones that ask for too many parts are ignored (§14.2). Parts that overlap or
/// touch are joined; as long as none do, they keep the order of the request (§15.3.7.2).
pub(crate) fn resolve(header: &[u8], length: u64) -> Ranges {
    let Some(specifiers) = std::str::from_utf8(header).ok().and_then(byte_specifiers) else { return Ranges::Whole };
    let mut parts = Vec::new();
    for (count, specifier) in specifiers.split(',').map(|text| text.trim_matches([' ', '\t'])).enumerate() {
        if count == MAX_SPECIFIERS {
            return Ranges::Whole;
        }
        if specifier.is_empty() {
            continue;
        }
        match Specifier::parse(specifier) {
            // RFC 9110 has no way to say which bytes the 206 of an empty representation holds.
            Some(Specifier::Suffix(1..)) if length == 0 => return Ranges::Whole,
            Some(specifier) => parts.extend(specifier.resolve(length)),
            None => return Ranges::Whole,
        }
    }
    let specified = specifiers.contains(|c: char| c.is_ascii_digit());
    match join(parts) {
        parts if parts.is_empty() && specified => Ranges::Unsatisfiable,
        parts if parts.is_empty() || parts.len() > MAX_PARTS => Ranges::Whole,
        parts => Ranges::Parts(parts),
    }
}

/// The set behind `bytes=`.
fn byte_specifiers(header: &str) -> Option<&str> {
    let (unit, set) = header.trim_matches([' ', '\t']).split_once('=')?;
    unit.eq_ignore_ascii_case("bytes").then_some(set)
}

/// One element of a byte range set (§14.1.2).
enum Specifier {
    /// From the first position to the last, both included, or to the end.
    From(u64, Option<u64>),
    /// That many bytes at the end.
    Suffix(u64),
}

impl Specifier {
    fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.split_once('-')?;
        match (first, last) {
            ("", last) => Some(Self::Suffix(position(last)?)),
            (first, "") => Some(Self::From(position(first)?, None)),
            (first, last) => {
                let range = Self::From(position(first)?, Some(position(last)?));
                (significant(first) <= significant(last)).then_some(range)
            }
        }
    }

    fn resolve(self, length: u64) -> Option<Range<u64>> {
        let range = match self {
            Self::From(first, last) => first..last.map_or(length, |last| last.saturating_add(1).min(length)),
            Self::Suffix(count) => length.saturating_sub(count)..length,
        };
        (!range.is_empty()).then_some(range)
    }
}

/// Parses digits only; a number beyond 64 bits is beyond every end.
fn position(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

/// Orders numbers of any length: the digits that count, by how many they are first. A range that runs backwards is
/// malformed, even where both ends are beyond every end.
fn significant(digits: &str) -> (usize, &str) {
    let digits = digits.trim_start_matches('0');
    (digits.len(), digits)
}

/// Joins parts that overlap or touch.
fn join(parts: Vec<Range<u64>>) -> Vec<Range<u64>> {
    let mut sorted = parts.clone();
    sorted.sort_by_key(|part| part.start);
    if sorted.windows(2).all(|pair| pair[0].end < pair[1].start) {
        return parts;
    }
    let mut joined: Vec<Range<u64>> = Vec::with_capacity(sorted.len());
    for part in sorted {
        match joined.last_mut() {
            Some(last) if part.start <= last.end => last.end = last.end.max(part.end),
            _ => joined.push(part),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use Ranges::{Parts, Unsatisfiable, Whole};

    #[test]
    fn ranges_are_resolved() {
        for (header, length, expected) in [
            ("bytes=0-0", 10, Parts(vec![0..1])),
            ("bytes=0-", 10, Parts(vec![0..10])),
            ("bytes=2-5", 10, Parts(vec![2..6])),
            ("bytes=2-500", 10, Parts(vec![2..10])),
            ("bytes=-3", 10, Parts(vec![7..10])),
            ("bytes=-30", 10, Parts(vec![0..10])),
            ("Bytes=0-1", 10, Parts(vec![0..2])),
            ("bytes=0-1, 4-5", 10, Parts(vec![0..2, 4..6])),
            ("bytes=4-5,0-1", 10, Parts(vec![4..6, 0..2])),
            ("bytes=0-4,3-6", 10, Parts(vec![0..7])),
            ("bytes=3-6,0-2,9-9", 10, Parts(vec![0..7, 9..10])),
            ("bytes= 0-1 ,, 20-30,", 10, Parts(vec![0..2])),
            ("bytes=0-99999999999999999999999", 10, Parts(vec![0..10])),
            ("bytes=10-", 10, Unsatisfiable),
            ("bytes=99999999999999999999999-", 10, Unsatisfiable),
            ("bytes=-0", 10, Unsatisfiable),
            ("bytes=10-20,30-40", 10, Unsatisfiable),
            ("bytes=0-", 0, Unsatisfiable),
            ("bytes=-5", 0, Whole),
            ("bytes=5-2", 10, Whole),
            ("bytes=99999999999999999999999-88888888888888888888888", 10, Whole),
            ("bytes=99999999999999999999999-99999999999999999999999", 10, Unsatisfiable),
            ("bytes=0005-000000000000000000000005", 10, Parts(vec![5..6])),
            ("bytes=a-b", 10, Whole),
            ("bytes=1", 10, Whole),
            ("bytes=+1-2", 10, Whole),
            ("bytes=1-2-3", 10, Whole),
            ("bytes=", 10, Whole),
            ("bytes=,", 10, Whole),
            ("bytes 0-1", 10, Whole),
            ("lines=0-1", 10, Whole),
            ("", 10, Whole),
            ("bytes=0-1,x", 10, Whole),
        ] {
            assert_eq!(resolve(header.as_bytes(), length), expected, "{header} of {length}");
        }
        assert_eq!(resolve(b"bytes=\xff", 10), Whole);
    }

    #[test]
    fn too_many_parts_are_answered_with_the_whole() {
        let set = |count: usize| {
            let parts: Vec<_> = (0..count).map(|i| format!("{}-{}", i * 10, i * 10 + 1)).collect();
            format!("bytes={}", parts.join(","))
        };
        assert!(matches!(resolve(set(MAX_PARTS).as_bytes(), 1 << 20), Parts(parts) if parts.len() == MAX_PARTS));
        assert_eq!(resolve(set(MAX_PARTS + 1).as_bytes(), 1 << 20), Whole);
        assert_eq!(resolve(set(100_000).as_bytes(), 1 << 30), Whole);
        let same = format!("bytes={}", vec!["0-9"; 200].join(","));
        assert_eq!(resolve(same.as_bytes(), 100), Parts(vec![0..10]));
    }
}
