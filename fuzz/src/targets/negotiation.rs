//! Accept-Encoding: the codings that an asset has on the first line (`b`, `g`, `i`), the field's lines behind it.

use crate::http::negotiation::select;
use crate::input::first_line;
use crate::pack::Coding::{self, Brotli, Gzip, Identity};
use crate::site::Trace;

pub fn check(input: &[u8]) {
    let (letters, rest) = first_line(input);
    let available = [(b'b', Brotli), (b'g', Gzip), (b'i', Identity)];
    let available: Vec<Coding> =
        available.into_iter().filter(|(letter, _)| letters.contains(letter)).map(|(_, coding)| coding).collect();
    let lines: Vec<&[u8]> = rest.map_or_else(Vec::new, |rest| rest.split(|byte| *byte == b'\n').collect());
    let selected = select(available.iter().copied(), lines.iter().copied(), &mut Trace::off());
    assert_eq!(selected, select(available.iter().copied(), lines.iter().copied(), &mut Trace::on()));
    assert!(selected.is_none_or(|coding| available.contains(&coding)));
    let members = || lines.iter().flat_map(|line| line.split(|byte| *byte == b','));
    let Some(members) = members().map(member).collect::<Option<Vec<Member>>>() else { return };
    let members: Vec<(String, u16)> = members.into_iter().flatten().collect();
    let expected = available.iter().map(|coding| (wanted(*coding, &members, lines.is_empty()), *coding));
    // Of equal weights the one that the site prefers, which comes first.
    let best = expected.clone().map(|(weight, _)| weight).max().unwrap_or(0);
    let expected = expected.filter(|(weight, _)| *weight == best && best > 0).map(|(_, coding)| coding).next();
    assert_eq!(selected, expected);
}

/// How much a coding is wanted, in millionths, so that an identity nobody speaks of comes last (RFC 9110 §12.5.3).
fn wanted(coding: Coding, members: &[(String, u16)], absent: bool) -> u32 {
    let names: &[&str] = if coding == Gzip { &["gzip", "x-gzip"] } else { &[coding.token()] };
    let weight = |names: &[&str]| {
        let named = members.iter().rev().find(|(name, _)| names.contains(&name.as_str()));
        named.map(|(_, weight)| u32::from(*weight) * 1000)
    };
    match weight(names).or_else(|| weight(&["*"])) {
        Some(weight) => weight,
        None if coding == Identity => {
            if absent {
                1_000_000
            } else {
                1
            }
        }
        None => 0,
    }
}

/// A coding in lower case and its weight in thousandths; an empty member is none.
type Member = Option<(String, u16)>;

/// Reads a member by the grammar, `codings [ weight ]`; nothing for any other text.
fn member(text: &[u8]) -> Option<Member> {
    let text = std::str::from_utf8(text).ok()?.trim_matches([' ', '\t']);
    if text.is_empty() {
        return Some(None);
    }
    let (coding, weight) = match text.split_once(';') {
        Some((coding, parameter)) => {
            let value = parameter.trim_start_matches([' ', '\t']).strip_prefix(['q', 'Q'])?.strip_prefix('=')?;
            (coding.trim_end_matches([' ', '\t']), thousandths(value)?)
        }
        None => (text, 1000),
    };
    let token =
        !coding.is_empty() && coding.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
    token.then(|| Some((coding.to_ascii_lowercase(), weight)))
}

/// qvalue (§12.4.2).
fn thousandths(text: &str) -> Option<u16> {
    let digits = text.get(2..).unwrap_or_default();
    let shaped = text.len() <= 5 && matches!(text.get(..1)?, "0" | "1") && matches!(text.get(1..2), None | Some("."));
    if !text.is_ascii() || !shaped || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number = format!("{}{digits:0<3}", &text[..1]).parse().ok()?;
    (number <= 1000).then_some(number)
}
