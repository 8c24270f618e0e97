//! Conditional headers: lines of If-Match behind `m`, of If-None-Match behind `n`, of If-Range behind `r`.

use crate::http::preconditions::Preconditions::{Failed, NotModified, Proceed};
use crate::http::preconditions::{evaluate, if_range_matches};
use crate::input::marked;
use crate::pack::EntityTagText;

pub fn check(input: &[u8]) {
    // `"C-nFmK5jg1UY5_tCLcMCfw"`, as in dictionary and corpus.
    let current = EntityTagText::of(b"body");
    let (if_match, if_none_match) = (marked(input, b'm'), marked(input, b'n'));
    let outcome = evaluate(if_match.clone(), if_none_match.clone(), &current);
    match outcome {
        Failed => assert!(if_match.clone().next().is_some()),
        NotModified => assert!(if_none_match.clone().next().is_some()),
        Proceed => {}
    }
    let refused = if_match.clone().next().is_some() && !one_matches(if_match.clone(), &current, Comparison::Strong);
    assert_eq!(outcome == Failed, refused, "If-Match");
    if outcome != Failed {
        assert_eq!(outcome == NotModified, one_matches(if_none_match, &current, Comparison::Weak), "If-None-Match");
    }
    for value in marked(input, b'r') {
        assert_eq!(if_range_matches(value, &current), value.trim_ascii() == current.as_bytes(), "If-Range");
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Strong,
    Weak,
}

/// A line is `*`, or a list with the current tag in it (RFC 9110 §8.8.3.2).
fn one_matches<'a>(mut lines: impl Iterator<Item = &'a [u8]>, current: &EntityTagText, how: Comparison) -> bool {
    lines.any(|line| {
        let has = |tag: &[u8]| match tag.strip_prefix(b"W/") {
            Some(tag) => how == Comparison::Weak && tag == current.as_bytes(),
            None => tag == current.as_bytes(),
        };
        line.trim_ascii() == b"*" || members(line).iter().any(|member| has(member.trim_ascii()))
    })
}

/// Splits a line at the commas that are in no quotes.
fn members(line: &[u8]) -> Vec<&[u8]> {
    let (mut members, mut start, mut quotes) = (Vec::new(), 0, 0);
    for (at, byte) in line.iter().enumerate() {
        match byte {
            b'"' => quotes += 1,
            b',' if quotes % 2 == 0 => {
                members.push(&line[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    members.push(&line[start..]);
    members
}
