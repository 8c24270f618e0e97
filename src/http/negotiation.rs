//! Negotiation: which content coding a request gets (RFC 9110 §12.5.3).

use crate::pack::Coding;
use crate::site::Trace;

/// A quality value in thousandths (RFC 9110 §12.4.2).
type Weight = u16;

/// What Accept-Encoding says about one coding and the others.
#[derive(Default)]
struct Weights {
    gzip: Option<Weight>,
    brotli: Option<Weight>,
    identity: Option<Weight>,
    any: Option<Weight>,
}

impl Weights {
    fn add(&mut self, member: &[u8]) {
        let (coding, parameters) = match member.iter().position(|b| *b == b';') {
            Some(end) => (member[..end].trim_ascii(), &member[end + 1..]),
            None => (member.trim_ascii(), &b""[..]),
        };
        let is = |token: &[u8]| coding.eq_ignore_ascii_case(token);
        let slot = match () {
            () if is(b"gzip") || is(b"x-gzip") => &mut self.gzip, // RFC 9110 §8.4.1.3
            () if is(b"br") => &mut self.brotli,
            () if is(b"identity") => &mut self.identity,
            () if is(b"*") => &mut self.any,
            () => return,
        };
        // A malformed weight makes the member say nothing.
        if let Some(weight) = weight(parameters) {
            *slot = Some(weight);
        }
    }

    /// The coding's weight; zero is "not acceptable".
    fn of(&self, coding: Coding) -> Weight {
        match coding {
            Coding::Gzip => self.gzip.or(self.any).unwrap_or(0),
            Coding::Brotli => self.brotli.or(self.any).unwrap_or(0),
            // Acceptable unless it is excluded; a coding that was asked for comes first.
            Coding::Identity => self.identity.or(self.any).unwrap_or(1),
        }
    }
}

/// The weight among a member's parameters, of which others than q are unknown here; without one it is 1.
fn weight(parameters: &[u8]) -> Option<Weight> {
    let mut weight = 1000;
    for parameter in parameters.split(|b| *b == b';') {
        if let Some(at) = parameter.iter().position(|b| *b == b'=')
            && parameter[..at].trim_ascii().eq_ignore_ascii_case(b"q")
        {
            weight = parse_weight(parameter[at + 1..].trim_ascii())?;
        }
    }
    Some(weight)
}

/// Parses `0`, `0.5`, `1.000`.
fn parse_weight(text: &[u8]) -> Option<Weight> {
    let (whole, fraction) = match text {
        [whole @ (b'0' | b'1')] => (whole, &b""[..]),
        [whole @ (b'0' | b'1'), b'.', fraction @ ..] => (whole, fraction),
        _ => return None,
    };
    if fraction.len() > 3 || !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digits = fraction.iter().chain(b"000").take(3);
    let thousandths = digits.fold(0, |sum, digit| sum * 10 + Weight::from(digit - b'0'));
    match (whole, thousandths) {
        (b'0', _) => Some(thousandths),
        (_, 0) => Some(1000),
        _ => None,
    }
}

/// Selects one of `available` (the most preferred first) for a request with these Accept-Encoding lines.
///
/// Nothing is selected when nothing is acceptable. Without the header every coding is acceptable, and the identity
/// is what such a client is sure to understand.
pub(crate) fn select<'a>(
    available: impl Iterator<Item = Coding>,
    accept_encoding: impl Iterator<Item = &'a [u8]>,
    trace: &mut Trace,
) -> Option<Coding> {
    let mut weights = Weights::default();
    let mut absent = true;
    for line in accept_encoding {
        absent = false;
        line.split(|b| *b == b',').for_each(|member| weights.add(member));
    }
    if absent {
        weights.identity = Some(1000);
    }
    let mut best: Option<(Weight, Coding)> = None;
    for coding in available {
        let weight = weights.of(coding);
        trace.note("coding", || explanation(coding, weight, best));
        best = best.max((weight > 0).then_some((weight, coding)));
    }
    best.map(|(_, coding)| coding)
}

/// Why a coding is chosen or not, after `best` of those before it.
fn explanation(coding: Coding, weight: Weight, best: Option<(Weight, Coding)>) -> String {
    let token = coding.token();
    let weight_text = match weight {
        // What identity weighs when nobody speaks of it.
        1 => "not named".to_owned(),
        weight => format!("weight {}", f32::from(weight) / 1000.0),
    };
    match best {
        _ if weight == 0 => format!("{token} is not among what the request accepts"),
        None => format!("{token} is acceptable ({weight_text})"),
        Some((heavier, other)) if heavier > weight => {
            format!("{token} is acceptable, too ({weight_text}), but less than {}", other.token())
        }
        Some((same, other)) if same == weight => format!("{token} weighs the same, and {} is smaller", other.token()),
        Some((_, other)) => format!("{token} is preferred to {} ({weight_text})", other.token()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Coding::{Brotli, Gzip, Identity};

    fn all(lines: &[&str]) -> Option<Coding> {
        select([Brotli, Gzip, Identity].into_iter(), lines.iter().map(|line| line.as_bytes()), &mut Trace::off())
    }

    #[test]
    fn the_heaviest_acceptable_coding_is_selected() {
        for (header, expected) in [
            ("gzip, deflate, br, zstd", Some(Brotli)),
            ("gzip", Some(Gzip)),
            ("x-gzip", Some(Gzip)),
            ("GZIP, BR;q=0.1", Some(Gzip)),
            ("br;q=0.5, gzip;q=0.5", Some(Brotli)),
            ("br;q=0.4, gzip;q=0.5", Some(Gzip)),
            ("gzip;q=0", Some(Identity)),
            ("gzip;q=0.000, br;q=0.0", Some(Identity)),
            ("br;q=0, *", Some(Gzip)),
            ("*", Some(Brotli)),
            ("*;q=0", None),
            ("*;q=0, identity;q=0.1", Some(Identity)),
            ("identity;q=0", None),
            ("identity;q=0, gzip", Some(Gzip)),
            ("identity, gzip;q=0.5", Some(Identity)),
            ("identity;q=0.5, gzip;q=0.5", Some(Gzip)),
            ("gzip;q=0.001", Some(Gzip)),
            ("zstd", Some(Identity)),
            ("", Some(Identity)),
            ("gzip ; q=1 , br ; Q=0.5", Some(Gzip)),
        ] {
            assert_eq!(all(&[header]), expected, "{header:?}");
        }
        assert_eq!(all(&[]), Some(Identity));
        assert_eq!(all(&["gzip;q=0.5", "br"]), Some(Brotli));
    }

    #[test]
    fn malformed_members_say_nothing() {
        for header in
            [",,;;", "gzip;q=", "gzip;q=2", "gzip;q=1.001", "gzip;q=-1", "gzip;q=0.1234", "gzip;q=a", "gz ip", "\u{e9}"]
        {
            assert_eq!(all(&[header]), Some(Identity), "{header:?}");
        }
        assert_eq!(all(&["gzip;q=nonsense, br"]), Some(Brotli));
        let bytes: &[u8] = b"\xff\xfe, gzip";
        assert_eq!(select([Gzip, Identity].into_iter(), [bytes].into_iter(), &mut Trace::off()), Some(Gzip));
    }

    #[test]
    fn only_available_codings_are_selected() {
        let only = |header: &str| select([Identity].into_iter(), [header.as_bytes()].into_iter(), &mut Trace::off());
        assert_eq!(only("br, gzip"), Some(Identity));
        assert_eq!(only("br, identity;q=0"), None);
    }
}
