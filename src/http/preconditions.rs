//! Preconditions: whether a conditional request is carried out (RFC 9110 §13).
//!
//! A site sends no Last-Modified (a file's mtime says nothing about its content), so If-Modified-Since and
//! If-Unmodified-Since are ignored, as §13.1.3 and §13.1.4 demand of a resource without a modification date.

use etag::EntityTag;

use crate::pack::EntityTagText;

/// What the preconditions of a GET or HEAD request say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Preconditions {
    Proceed,
    /// The client has this representation: 304.
    NotModified,
    /// If-Match named another representation: 412.
    Failed,
}

impl Preconditions {
    /// What this means, for people.
    pub(crate) fn explanation(self) -> &'static str {
        match self {
            Self::Proceed => "none that keeps the representation from being sent",
            Self::NotModified => "If-None-Match has the entity tag: the client has this representation",
            Self::Failed => "If-Match lacks the entity tag: the client means another representation",
        }
    }
}

/// Evaluates If-Match, then If-None-Match (§13.2.2), each given as its header lines, against the selected
/// representation.
pub(crate) fn evaluate<'a>(
    if_match: impl Iterator<Item = &'a [u8]>,
    if_none_match: impl Iterator<Item = &'a [u8]>,
    selected: &EntityTagText,
) -> Preconditions {
    if matches(if_match, selected, EntityTag::strong_eq) == Some(false) {
        return Preconditions::Failed;
    }
    match matches(if_none_match, selected, EntityTag::weak_eq) {
        Some(true) => Preconditions::NotModified,
        _ => Preconditions::Proceed,
    }
}

/// Tells whether If-Range (§13.1.5) lets the Range header count: only the same strong entity tag does. A date
/// never matches, as no modification date was ever sent.
pub(crate) fn if_range_matches(if_range: &[u8], selected: &EntityTagText) -> bool {
    parse(if_range).is_some_and(|tag| parse(selected.as_bytes()).is_some_and(|selected| tag.strong_eq(&selected)))
}

/// Tells whether a list of entity tags contains `selected`, or is `*`; nothing if there are no lines.
fn matches<'a>(
    lines: impl Iterator<Item = &'a [u8]>,
    selected: &EntityTagText,
    equal: fn(&EntityTag, &EntityTag) -> bool,
) -> Option<bool> {
    let mut found = None;
    for line in lines {
        let matched = line.trim_ascii() == b"*" || {
            let selected = parse(selected.as_bytes())?;
            members(line).any(|member| parse(member).is_some_and(|tag| equal(&tag, &selected)))
        };
        found = Some(found.unwrap_or(false) || matched);
    }
    found
}

/// Splits a list at the commas outside of quotes (§5.6.1; an opaque tag may contain commas, §8.8.3).
fn members(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut quoted = false;
    line.split(move |byte| {
        quoted ^= *byte == b'"';
        *byte == b',' && !quoted
    })
}

/// Parses an entity tag; nothing if it is malformed or longer than any of ours (62 characters).
fn parse(text: &[u8]) -> Option<EntityTag> {
    std::str::from_utf8(text.trim_ascii()).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use Preconditions::{Failed, NotModified, Proceed};

    fn current() -> EntityTagText {
        EntityTagText::of(b"body")
    }

    fn check(if_match: &[&str], if_none_match: &[&str]) -> Preconditions {
        let tag = String::from_utf8(current().as_bytes().to_vec()).unwrap();
        let fill = |lines: &[&str]| lines.iter().map(|line| line.replace('T', &tag)).collect::<Vec<_>>();
        let (if_match, if_none_match) = (fill(if_match), fill(if_none_match));
        evaluate(if_match.iter().map(|l| l.as_bytes()), if_none_match.iter().map(|l| l.as_bytes()), &current())
    }

    #[test]
    fn preconditions_are_evaluated_in_order() {
        for (if_match, if_none_match, expected) in [
            (&[][..], &[][..], Proceed),
            (&["T"], &[], Proceed),
            (&["*"], &[], Proceed),
            (&["\"x\""], &[], Failed),
            (&["W/T"], &[], Failed), // strong comparison
            (&["\"x\", T"], &[], Proceed),
            (&["\"x\"", "T"], &[], Proceed),
            (&["junk"], &[], Failed),
            (&[""], &[], Failed),
            (&[], &["T"], NotModified),
            (&[], &["W/T"], NotModified), // weak comparison
            (&[], &["*"], NotModified),
            (&[], &["\"x\""], Proceed),
            (&[], &["\"a,b\", T"], NotModified),
            (&[], &["\"x\",,T,"], NotModified),
            (&[], &["\"x\"", "T"], NotModified),
            (&[], &["junk"], Proceed),
            (&["T"], &["T"], NotModified),
            (&["\"x\""], &["T"], Failed),
        ] {
            assert_eq!(check(if_match, if_none_match), expected, "{if_match:?} {if_none_match:?}");
        }
    }

    #[test]
    fn if_range_needs_the_same_strong_tag() {
        let tag = String::from_utf8(current().as_bytes().to_vec()).unwrap();
        assert!(if_range_matches(tag.as_bytes(), &current()));
        for other in [&format!("W/{tag}"), "\"x\"", "Mon, 23 Nov 2026 01:00:00 GMT", "", "*"] {
            assert!(!if_range_matches(other.as_bytes(), &current()), "{other}");
        }
    }

    #[test]
    fn malformed_and_overlong_lists_match_nothing() {
        let long = format!("\"{}\"", "x".repeat(10_000));
        for junk in ["\"", "\"\"\"", "W/", "W/\"", &long, ",,,,", "\"unterminated, T"] {
            assert_eq!(check(&[], &[junk]), Proceed, "{junk:.20}");
        }
        assert_eq!(evaluate([].into_iter(), [&b"\xff\xfe"[..]].into_iter(), &current()), Proceed);
        // Only spaces and tabs stand between members (RFC 9110 §5.6.3), whatever else Unicode calls white space.
        assert_eq!(check(&[], &["\u{1680}T", "\u{a0}T", "T\u{3000}"]), Proceed);
    }
}
