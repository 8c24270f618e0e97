//! `_redirects`: its lines become rules, or say what is wrong with them.

use std::collections::{BTreeSet, HashMap};

use super::words::lines;
use super::{Parsed, Problem, REDIRECTS, loops};
use crate::rule::{Action, Redirect, Redirects, Status, decode_path, encode_redirects};

/// Rules with placeholders are tried one after the other for every path that is no file.
const MOST_PATTERNS: usize = 1000;

/// Parses the text of `_redirects` for a site with these paths.
pub(super) fn parse(text: &str, paths: &BTreeSet<String>) -> Parsed<Redirect> {
    let mut parsed = Parsed { rules: Vec::new(), problems: Vec::new(), notices: Vec::new() };
    let mut without_status = Vec::new();
    for (line, text) in lines(REDIRECTS, text, &mut parsed.problems) {
        match rule(text, line) {
            Ok((rule, status)) => {
                parsed.rules.push(rule);
                without_status.extend(status.is_none().then_some(line));
            }
            Err(text) => parsed.problems.push(problem(line, text)),
        }
    }
    if let Some((first, more)) = without_status.split_first() {
        let others = if more.is_empty() { String::new() } else { format!(" (and in {} more lines)", more.len()) };
        let text =
            format!("no status, so it is 301, moved for good{others}; Cloudflare would take 302, so write it out");
        parsed.notices.push(problem(*first, text));
    }
    check(&mut parsed, paths);
    parsed.problems.sort_by_key(|problem| problem.line);
    parsed
}

fn problem(line: u32, text: String) -> Problem {
    Problem { file: REDIRECTS, line, text }
}

/// Makes a rule of a line; the status is absent if the line names none.
fn rule(text: &str, line: u32) -> Result<(Redirect, Option<Status>), String> {
    let words: Vec<&str> = text.split_whitespace().take_while(|word| !word.starts_with('#')).collect();
    let (from, to, rest) = match words.as_slice() {
        [from, to, rest @ ..] => (*from, *to, rest),
        _ => return Err("a rule has a path and a target; write it like /old /new 301".to_owned()),
    };
    if !to.starts_with('/') && !to.contains("://") && to.contains('=') {
        return Err(format!("{to}: queries are not matched; write the path and the target alone, like /old /new 301"));
    }
    if let Some(condition) = rest.iter().find(|word| word.contains('=')) {
        let reason = "a static site answers everybody alike";
        return Err(format!(
            "the condition {condition} is not supported, as {reason}; remove the rule or the condition"
        ));
    }
    let (status, forced) = match rest {
        [] => (None, false),
        [word] => parse_status(word).map(|(status, forced)| (Some(status), forced))?,
        [_, extra, ..] => return Err(format!("{extra} is one word too many; a rule is `path target status`")),
    };
    Ok((Redirect::new(from, to, status.unwrap_or(Status::DEFAULT), forced, line)?, status))
}

/// Parses `301` or `301!`.
fn parse_status(word: &str) -> Result<(Status, bool), String> {
    let (digits, forced) = word.strip_suffix('!').map_or((word, false), |digits| (digits, true));
    let number = if digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse().ok() } else { None };
    let status = number.and_then(Status::new).ok_or_else(|| {
        format!(
            "{word} is no status of a rule; take 301, 302, 303, 307, 308, 200, 404 or 410, with ! to win over files"
        )
    })?;
    Ok((status, forced))
}

/// Finds rules that can't work: unreachable ones, targets that are not there, loops.
fn check(parsed: &mut Parsed<Redirect>, paths: &BTreeSet<String>) {
    let mut patterns = parsed.rules.iter().filter(|rule| rule.from.exact().is_none());
    if let Some(rule) = patterns.nth(MOST_PATTERNS) {
        let text = format!(
            "more than {MOST_PATTERNS} rules with placeholders would slow down every request for a path \
                            that is no file; write exact paths, of which there may be any number"
        );
        return parsed.problems.push(problem(rule.line, text));
    }
    let (exact, patterns) = encode_redirects(&parsed.rules);
    let table = Redirects::open(exact.into(), &patterns);
    let site = loops::Site { table: &table, paths };
    unreachable(parsed);
    for rule in &parsed.rules {
        if let Some(file) = rule.from.exact().and_then(|path| site.file(&path)).filter(|_| !rule.forced) {
            let text =
                format!("the rule never applies, as the file {file} wins; put ! behind the status to redirect anyway");
            parsed.notices.push(problem(rule.line, text));
            continue;
        }
        match rule.action {
            Action::Redirect(_) => match site.follow(rule) {
                loops::End::Loop(way) => {
                    let way = way.join(" → ");
                    parsed
                        .problems
                        .push(problem(rule.line, format!("the redirect never ends: {way}; change its target")));
                }
                loops::End::Nothing(path) if !rule.to.has_placeholders() => {
                    let text = format!("the target {path} is not there, neither a file nor a rule's path");
                    parsed.notices.push(problem(rule.line, text));
                }
                _ => {}
            },
            Action::Rewrite | Action::Fallback | Action::Error(_) if !rule.to.has_placeholders() => {
                let path = rule.to.path(&Vec::new());
                if decode_path(&path).and_then(|path| site.file(&path)).is_none() {
                    let text = format!("the target {path} is no file of this site; name one that is, like /index.html");
                    parsed.problems.push(problem(rule.line, text));
                }
            }
            _ => {}
        }
    }
}

/// Finds rules whose paths all belong to an earlier rule.
fn unreachable(parsed: &mut Parsed<Redirect>) {
    let mut exact: HashMap<String, u32> = HashMap::new();
    let mut patterns: Vec<&Redirect> = Vec::new();
    for rule in &parsed.rules {
        let path = rule.from.exact();
        let twin = path.as_ref().and_then(|path| exact.get(path).copied());
        let cover =
            twin.or_else(|| patterns.iter().find(|above| above.from.covers(&rule.from)).map(|above| above.line));
        if let Some(above) = cover {
            let text = format!(
                "the rule is never reached, as line {above} already matches its paths; remove it or move it up"
            );
            parsed.problems.push(problem(rule.line, text));
            continue;
        }
        match path {
            Some(path) => drop(exact.insert(path, rule.line)),
            None => patterns.push(rule),
        }
    }
}
