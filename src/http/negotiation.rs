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
    fn add(&mut self, member: &str) {
        let mut parts = member.split(';').map(|part| part.trim_matches([' ', '\t']));
        let coding = parts.next().unwrap_or_default();
        // Parameters other than q are unknown here; a malformed q makes the member say nothing.
        let mut weight = 1000;
        for part in parts {
            if let Some((name, value)) = part.split_once('=')
                && name.trim_end().eq_ignore_ascii_case("q")
            {
                match parse_weight(value.trim_start()) {
                    Some(parsed) => weight = parsed,
                    None => return,
                }
            }
        }
        let is = |token: &str| coding.eq_ignore_ascii_case(token);
        let slot = match () {
            () if is("gzip") || is("x-gzip") => &mut self.gzip, // RFC 9110 §8.4.1.3
            () if is("br") => &mut self.brotli,
            () if is("identity") => &mut self.identity,
            () if is("*") => &mut self.any,
            () => return,
        };
        *slot = Some(weight);
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

/// Parses `0`, `0.5`, `1.000`.
fn parse_weight(text: &str) -> Option<Weight> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let thousandths =
        fraction.bytes().chain(*b"000").take(3).fold(0, |sum, digit| sum * 10 + Weight::from(digit - b'0'));
    match (whole, thousandths) {
        ("0", _) => Some(thousandths),
        ("1", 0) => Some(1000),
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
        let line = std::str::from_utf8(line).unwrap_or_default();
        line.split(',').for_each(|member| weights.add(member.trim_matches([' ', '\t'])));
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
        assert_eq!(select([Gzip, Identity].into_iter(), [bytes].into_iter(), &mut Trace::off()), Some(Identity));
    }

    #[test]
    fn only_available_codings_are_selected() {
        let only = |header: &str| select([Identity].into_iter(), [header.as_bytes()].into_iter(), &mut Trace::off());
        assert_eq!(only("br, gzip"), Some(Identity));
        assert_eq!(only("br, identity;q=0"), None);
    }
}
