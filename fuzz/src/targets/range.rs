//! Range: the length of a representation on the first line, the field's value behind it.

use std::ops::Range;

use crate::http::range::{self, MAX_PARTS, Ranges};
use crate::input::first_line;

/// Beyond them, a header is taken for an attack.
const MOST_SPECIFIERS: usize = 256;

pub fn check(input: &[u8]) {
    let (length, header) = first_line(input);
    let length = std::str::from_utf8(length).ok().and_then(|text| text.parse().ok()).unwrap_or(100);
    let header = header.unwrap_or_default();
    let resolved = range::resolve(header, length);
    assert!(!resolved.explanation(length).is_empty());
    let Some(specified) = specified(header) else { return assert_eq!(resolved, Ranges::Whole, "malformed") };
    let wanted: Vec<_> = specified.iter().map(|one| one.bytes(length)).filter(|bytes| !bytes.is_empty()).collect();
    match resolved {
        Ranges::Whole => {
            let nameless = length == 0 && specified.iter().any(|one| matches!(one, Specified::Last(1..)));
            let many = specified.len() > MAX_PARTS || header.split(|byte| *byte == b',').count() > MOST_SPECIFIERS;
            assert!(specified.is_empty() || nameless || many, "whole for no reason");
        }
        Ranges::Unsatisfiable => assert!(!specified.is_empty() && wanted.is_empty()),
        Ranges::Parts(parts) => well_formed(&parts, &wanted, length),
    }
}

fn well_formed(parts: &[Range<u64>], wanted: &[Range<u64>], length: u64) {
    assert!((1..=MAX_PARTS).contains(&parts.len()));
    assert!(parts.iter().all(|part| part.start < part.end && part.end <= length));
    for (at, part) in parts.iter().enumerate() {
        let apart = |other: &Range<u64>| part.end < other.start || other.end < part.start;
        assert!(parts[at + 1..].iter().all(apart), "parts overlap or touch");
    }
    // No byte that was not asked for, none left out: ends decide, as nothing lies between them.
    let ends = parts.iter().chain(wanted).flat_map(|part| [part.start, part.end - 1, part.end]);
    for byte in ends {
        let has = |list: &[Range<u64>]| list.iter().any(|part| part.contains(&byte));
        assert_eq!(has(parts), has(wanted), "byte {byte}");
    }
    if parts.len() == wanted.len() {
        assert_eq!(parts, wanted, "parts that are apart keep the order of the request");
    }
}

/// A range-spec (RFC 9110 §14.1.1), read by the grammar.
enum Specified {
    Between(u128, u128),
    Last(u128),
}

impl Specified {
    fn bytes(&self, length: u64) -> Range<u64> {
        let length = u128::from(length);
        let (first, end) = match *self {
            Self::Between(first, last) => (first.min(length), last.saturating_add(1).min(length)),
            Self::Last(count) => (length - count.min(length), length),
        };
        first as u64..end as u64
    }
}

/// The elements of a bytes range set; nothing for what the grammar does not know.
fn specified(header: &[u8]) -> Option<Vec<Specified>> {
    let header = std::str::from_utf8(header).ok()?.trim_matches([' ', '\t']);
    let set = header.get(..6).filter(|unit| unit.eq_ignore_ascii_case("bytes=")).map(|_| &header[6..])?;
    let elements = set.split(',').map(|one| one.trim_matches([' ', '\t'])).filter(|one| !one.is_empty());
    elements.map(element).collect()
}

fn element(text: &str) -> Option<Specified> {
    let number = |digits: &str| {
        let all = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit());
        all.then(|| digits.parse().unwrap_or(u128::MAX))
    };
    if let Some(count) = text.strip_prefix('-') {
        return number(count).map(Specified::Last);
    }
    let (first, last) = text.split_once('-')?;
    if last.is_empty() {
        return Some(Specified::Between(number(first)?, u128::MAX));
    }
    let width = first.len().max(last.len());
    let ordered = format!("{first:0>width$}") <= format!("{last:0>width$}");
    Some(Specified::Between(number(first)?, number(last)?)).filter(|_| ordered)
}
