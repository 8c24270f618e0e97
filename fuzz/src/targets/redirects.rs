//! `_redirects`: what the baker accepts is read back from the pack with the same answers, and leads nowhere unsafe.
//!
//! Comments like `#? /path` ask about paths.

use actix_web::http::header::HeaderValue;

use crate::input::questions;
use crate::rule::{Redirect, Redirects, Status, decode_path, encode_path};
use crate::sample;
use crate::site::{Lookup, Site, Trace, TrailingSlash};

const PATHS: &[&str] = &["index.html", "404.html", "about.html", "a", "a.html", "docs/index.html", "docs/x.html"];

/// Browsers follow about 20.
const MOST_REDIRECTS: usize = 24;

pub fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let (policy, problems) = sample::policy(&[("_redirects", text)], PATHS);
    assert!(problems.iter().all(|problem| problem.starts_with("_redirects:")));
    let sections = policy.sections();
    let table = Redirects::open(sections.redirects.into(), &sections.redirect_patterns);
    let asked: Vec<String> = questions(text).filter_map(decode_path).map(|path| path.into_owned()).collect();
    let rules = rules(text);
    let examples: Vec<String> = rules.iter().map(|rule| rule.from.example()).collect();
    // Also the rules that are right in a file where others are wrong.
    for path in asked.iter().chain(&examples) {
        same_answer(&rules, &table, path);
    }
    if !problems.is_empty() {
        return;
    }
    let written = text.lines().filter(|line| !matches!(line.trim().chars().next(), None | Some('#'))).count();
    assert!(rules.len() <= written && rules.len() + 1 >= written, "a line that is accepted is no rule");
    let site = Site::new(sample::pack(PATHS, &policy, None), Vec::new());
    asked.iter().for_each(|path| safe_answer(&site, path));
    examples.iter().for_each(|path| ends(&site, path));
}

/// The rules of a file, read the simple way.
fn rules(text: &str) -> Vec<Redirect> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let rule = |(line, text): (u32, &str)| {
        let words: Vec<&str> = text.split_whitespace().take_while(|word| !word.starts_with('#')).collect();
        let (from, to, word) = match words[..] {
            [from, to] => (from, to, "301"),
            [from, to, status] => (from, to, status),
            _ => return None,
        };
        let digits = word.strip_suffix('!').unwrap_or(word);
        let status = digits.parse().ok().filter(|_| !digits.starts_with('+')).and_then(Status::new)?;
        let longest = text.trim().len() <= 2000;
        Redirect::new(from, to, status, word.ends_with('!'), line).ok().filter(|_| longest)
    };
    (1..).zip(text.lines()).filter_map(rule).collect()
}

/// The table finds the first rule from the top, whose placeholders stand for the same.
fn same_answer(rules: &[Redirect], table: &Redirects, path: &str) {
    let expected = rules.iter().find_map(|rule| Some((rule, rule.from.captures(path)?)));
    let found = table.first(path);
    let (Some((rule, captures)), Some(found)) = (&expected, &found) else {
        return assert_eq!(expected.map(|(rule, _)| rule.line), found.map(|found| found.line), "{path}");
    };
    assert_eq!((rule.line, rule.forced, rule.action), (found.line, found.forced, found.action), "{path}");
    assert!(found.forced <= table.any_forced());
    let target = rule.to.path(captures);
    assert_eq!(target, found.to.path(&found.captures));
    for query in [None, Some("q=1")] {
        assert_eq!(rule.to.location(&target, captures, query), found.to.location(&target, &found.captures, query));
    }
}

/// What a rule answers is a place that can be named in a field, on this site or on the host that the rule names.
fn safe_answer(site: &Site, path: &str) {
    let raw = encode_path(path);
    let Lookup::Redirect { status, location } = look(site, &raw, TrailingSlash::Auto) else { return };
    assert!(matches!(status, 301 | 302 | 303 | 307 | 308));
    HeaderValue::from_str(&location).expect("a field's value");
    assert!(location.bytes().all(|byte| byte.is_ascii_graphic() && !b"\\\"<>".contains(&byte)), "{location}");
    if let Some((_, rest)) = location.split_once("://").filter(|_| !location.starts_with('/')) {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let written = site.pack().policy().redirects;
        let written = [written, site.pack().policy().redirect_patterns].concat();
        assert!(written.windows(host.len()).any(|text| text == host.as_bytes()), "{host} is in no rule");
    } else {
        assert!(location.starts_with('/') && !location.starts_with("//"), "{location}");
    }
}

/// What the baker follows without finding a loop has an end.
fn ends(site: &Site, path: &str) {
    let mut raw = encode_path(path);
    for _ in 0..MOST_REDIRECTS {
        let Lookup::Redirect { location, .. } = look(site, &raw, TrailingSlash::Auto) else { return };
        if !location.starts_with('/') {
            return;
        }
        raw = location.split(['?', '#']).next().unwrap_or_default().to_owned();
    }
    panic!("/{path} is redirected without an end, lastly to {raw}");
}

fn look<'a>(site: &'a Site, raw: &str, mode: TrailingSlash) -> Lookup<'a> {
    site.lookup(raw, None, mode, &mut Trace::off())
}
