//! The redirect rules of a pack: exact paths by binary search in place, patterns in the order of their lines.

use std::borrow::Cow;
use std::cmp::Ordering;

use bytes::Bytes;

use super::codec::{Decoder, Encoder};
use super::pattern::Captures;
use super::patterns::Patterns;
use super::redirect::{Action, Redirect, Status};
use super::target::Target;

/// Bytes of a record: where path and target are, the status, `!`, and the line.
const RECORD_LEN: usize = 24;

/// The number of records, and whether one of them has `!`.
const HEAD_LEN: usize = 8;

/// All redirect rules of a site.
pub(crate) struct Redirects {
    /// Rules for exact paths, sorted by path: records, then their text.
    exact: Bytes,
    patterns: Patterns,
    forced: bool,
}

/// The first rule that a path matches.
#[derive(Debug)]
pub(crate) struct Match<'a> {
    pub(crate) line: u32,
    pub(crate) forced: bool,
    pub(crate) action: Action,
    pub(crate) to: Cow<'a, Target>,
    pub(crate) captures: Captures<'a>,
}

/// Encodes rules as the sections of a pack: exact ones, then patterns. Of several rules for one path the first counts.
pub(crate) fn encode_redirects(rules: &[Redirect]) -> (Vec<u8>, Vec<u8>) {
    let mut exact: Vec<(String, &Redirect)> = Vec::new();
    let mut patterns = Encoder::default();
    for rule in rules {
        match rule.from.exact() {
            Some(path) => exact.push((path, rule)),
            None => {
                let (from, to) = &rule.words;
                patterns.text(from).text(to).number(status_word(rule)).number(rule.line);
            }
        }
    }
    exact.sort_by(|(a, first), (b, second)| a.cmp(b).then(first.line.cmp(&second.line)));
    exact.dedup_by(|(later, _), (earlier, _)| later == earlier);
    let forced = exact.iter().any(|(_, rule)| rule.forced);
    let (mut records, mut text) = (Encoder::default(), String::new());
    records.number(exact.len() as u32).number(forced.into());
    let text_at = HEAD_LEN + exact.len() * RECORD_LEN;
    for (path, rule) in &exact {
        for part in [path, &rule.words.1] {
            records.number((text_at + text.len()) as u32).number(part.len() as u32);
            text.push_str(part);
        }
        records.number(status_word(rule)).number(rule.line);
    }
    let mut exact = records.finish();
    exact.extend(text.as_bytes());
    (exact, patterns.finish())
}

/// The status, and in the 17th bit whether the rule has `!`.
fn status_word(rule: &Redirect) -> u32 {
    u32::from(rule.status()) | u32::from(rule.forced) << 16
}

/// Makes a rule of what the pack says; nothing if that is no rule.
fn decoded(from: &str, to: &str, status: u32, line: u32) -> Option<Redirect> {
    let code = Status::new((status & 0xffff) as u16)?;
    Redirect::new(from, to, code, status >> 16 != 0, line).ok()
}

impl Redirects {
    /// Opens the rules; only the patterns cost time, each once.
    pub(crate) fn open(exact: Bytes, patterns: &[u8]) -> Self {
        let mut decoder = Decoder(patterns);
        let next = || Some((decoder.text()?, decoder.text()?, decoder.number()?, decoder.number()?));
        let patterns: Patterns =
            std::iter::from_fn(next).filter_map(|(from, to, status, line)| decoded(from, to, status, line)).collect();
        let exact_forced = exact.get(4).is_some_and(|byte| *byte != 0);
        let forced = exact_forced || patterns.any_forced();
        Self { exact, patterns, forced }
    }

    /// A rule may win over a file.
    pub(crate) fn any_forced(&self) -> bool {
        self.forced
    }

    /// The first rule that matches a decoded path without the slash in front.
    pub(crate) fn first<'a>(&'a self, path: &'a str) -> Option<Match<'a>> {
        let exact = self.exact(path);
        let before = exact.as_ref().map_or(u32::MAX, |rule| rule.line);
        let mut patterns = self.patterns.candidates(path).take_while(|rule| rule.line < before);
        let pattern = patterns.find_map(|rule| Some((rule, rule.from.captures(path)?)));
        match pattern {
            Some((rule, captures)) => Some(Match {
                line: rule.line,
                forced: rule.forced,
                action: rule.action,
                to: Cow::Borrowed(&rule.to),
                captures,
            }),
            None => exact,
        }
    }

    fn exact(&self, path: &str) -> Option<Match<'_>> {
        let path = path.strip_suffix('/').unwrap_or(path).as_bytes();
        let (mut low, mut high) = (0, Decoder(&self.exact).number()? as usize);
        while low < high {
            let middle = low + (high - low) / 2;
            let mut record = self.record(middle)?;
            match self.text(&mut record)?.cmp(path) {
                Ordering::Equal => {
                    let to = std::str::from_utf8(self.text(&mut record)?).ok()?;
                    let (status, line) = (record.number()?, record.number()?);
                    let Redirect { action, forced, to, .. } = decoded("/", to, status, line)?;
                    return Some(Match { line, forced, action, to: Cow::Owned(to), captures: Vec::new() });
                }
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
            }
        }
        None
    }

    fn record(&self, position: usize) -> Option<Decoder<'_>> {
        let at = position.checked_mul(RECORD_LEN)?.checked_add(HEAD_LEN)?;
        Some(Decoder(self.exact.get(at..)?.get(..RECORD_LEN)?))
    }

    /// The text that the next two numbers of a record point to.
    fn text(&self, record: &mut Decoder<'_>) -> Option<&[u8]> {
        let (at, length) = (record.number()? as usize, record.number()? as usize);
        self.exact.get(at..)?.get(..length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(rules: &[(&str, &str, u16, bool)]) -> Redirects {
        let rule = |(at, (from, to, status, forced)): (usize, &(&str, &str, u16, bool))| {
            Redirect::new(from, to, Status::new(*status).unwrap(), *forced, at as u32 + 1).unwrap()
        };
        let rules: Vec<_> = rules.iter().enumerate().map(rule).collect();
        let (exact, patterns) = encode_redirects(&rules);
        Redirects::open(exact.into(), &patterns)
    }

    #[test]
    fn the_first_rule_from_the_top_matches() {
        let rules = open(&[
            ("/b", "/1", 301, false),
            ("/p/:x", "/2/:x", 302, false),
            ("/p/q", "/3", 307, true),
            ("/a", "/4", 308, false),
            ("/p/*", "/5/:splat", 303, false),
            ("/", "/6", 301, false),
            ("/q/*", "/7", 301, false),
            ("/:any/x", "/8", 301, false),
            ("/q/x/*", "/9", 301, false),
        ]);
        assert!(rules.any_forced());
        for (path, line) in [
            ("b", Some(1)),
            ("b/", Some(1)),
            ("a", Some(4)),
            ("p/q", Some(2)),
            ("p/z", Some(2)),
            ("p", Some(5)),
            ("p/x/y", Some(5)),
            ("", Some(6)),
            ("c", None),
            ("bb", None),
            ("q/x", Some(7)),
            ("r/x", Some(8)),
            ("r/y", None),
        ] {
            assert_eq!(rules.first(path).map(|found| found.line), line, "{path}");
        }
        let found = rules.first("p/x/y/").unwrap();
        assert_eq!(found.to.path(&found.captures), "/5/x/y/");
    }

    #[test]
    fn ten_thousand_exact_rules_are_found() {
        let paths: Vec<String> = (0..10_000).map(|i| format!("/old/{}", i * 7919 % 10_000)).collect();
        let rules: Vec<_> = paths.iter().map(|path| (path.as_str(), "/new", 301, false)).collect();
        let rules = open(&rules);
        for (at, path) in paths.iter().enumerate() {
            assert_eq!(rules.first(&path[1..]).map(|found| found.line), Some(at as u32 + 1));
        }
        assert!(!rules.any_forced() && rules.first("old/10000").is_none());
    }

    #[test]
    fn hostile_sections_yield_no_rules() {
        let (exact, patterns) = {
            let rules = [("/a", "/b"), ("/c/*", "/d/:splat")];
            let rule = |(from, to): &(&str, &str)| Redirect::new(from, to, Status::DEFAULT, true, 1).unwrap();
            encode_redirects(&rules.iter().map(rule).collect::<Vec<_>>())
        };
        for section in [&exact, &patterns] {
            for at in 0..section.len() {
                for value in [0, 1, 0x7f, 0xff] {
                    let mut hostile = section.clone();
                    hostile[at] = value;
                    for rules in [
                        Redirects::open(hostile.clone().into(), &hostile),
                        Redirects::open(hostile[..at].to_vec().into(), &hostile[..at]),
                    ] {
                        for path in ["a", "c/d", "", "zz"] {
                            rules.first(path);
                        }
                    }
                }
            }
        }
        assert!(Redirects::open(Bytes::new(), &[]).first("a").is_none());
    }
}
