//! `_headers`: its blocks become rules, or say what is wrong with them.

use std::collections::HashMap;

use super::words::lines;
use super::{HEADERS, Parsed, Problem};
use crate::rule::{Change, Glob, HeaderRule};

/// Fields that mean nothing, or something else, when several values are joined.
const SINGLE: &[&str] = &[
    "access-control-allow-origin",
    "cache-control",
    "content-disposition",
    "content-type",
    "cross-origin-embedder-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "strict-transport-security",
    "x-content-type-options",
    "x-frame-options",
];

/// Blocks are matched one after the other for each asset, and for each answer that has none.
const MOST_BLOCKS: usize = 1000;

/// Parses the text of `_headers`.
pub(super) fn parse(text: &str) -> Parsed<HeaderRule> {
    let mut parsed = Parsed { rules: Vec::new(), problems: Vec::new(), notices: Vec::new() };
    // After a wrong path, its lines belong to nothing and are not wrong for that.
    let mut open = Block::None;
    for (line, text) in lines(HEADERS, text, &mut parsed.problems) {
        let outcome = if text.starts_with('/') || text.contains("://") && !text.contains(": ") {
            let pattern = Glob::parse(text);
            open = if pattern.is_ok() { Block::Open } else { Block::Refused };
            pattern.map(|pattern| {
                parsed.rules.push((line, HeaderRule { pattern, path: text.to_owned(), changes: Vec::new() }));
            })
        } else {
            match (change(text, line), open) {
                (_, Block::None) => {
                    Err("the line belongs to no path; write the path above it, like /* for all of them".to_owned())
                }
                (Ok(change), Block::Open) => {
                    parsed.rules.last_mut().map(|(_, rule)| rule.changes.push(change)).unwrap_or_default();
                    Ok(())
                }
                (Ok(_), Block::Refused) => Ok(()),
                (Err(text), _) => Err(text),
            }
        };
        if let Err(text) = outcome {
            parsed.problems.push(problem(line, text));
        }
    }
    let empty = parsed.rules.iter().filter(|(_, rule)| rule.changes.is_empty());
    let notices: Vec<_> =
        empty.map(|(line, _)| problem(*line, "the path has no header lines below it".into())).collect();
    if let Some((line, _)) = parsed.rules.get(MOST_BLOCKS) {
        let text = format!("more than {MOST_BLOCKS} blocks would slow down every error and redirect; join some with *");
        parsed.problems.push(problem(*line, text));
    }
    let rules: Vec<_> =
        parsed.rules.into_iter().map(|(_, rule)| rule).filter(|rule| !rule.changes.is_empty()).collect();
    let notices = notices.into_iter().chain(joined(&rules)).collect();
    Parsed { rules, problems: parsed.problems, notices }
}

#[derive(Clone, Copy)]
enum Block {
    None,
    Open,
    Refused,
}

fn problem(line: u32, text: String) -> Problem {
    Problem { file: HEADERS, line, text }
}

/// Parses `Name: value` or `! Name`.
fn change(text: &str, line: u32) -> Result<Change, String> {
    if let Some(name) = text.strip_prefix('!') {
        return Change::new(name.trim().trim_end_matches(':'), None, line);
    }
    match text.split_once(':') {
        Some((name, value)) => Change::new(name.trim_end(), Some(value.trim()), line),
        None => Err("a line is a path like /docs/*, a field like `X-Name: value`, or a removal like `! X-Name`".into()),
    }
}

/// Finds fields that are set twice for one path and make no sense joined.
fn joined(rules: &[HeaderRule]) -> Vec<Problem> {
    let mut notices = Vec::new();
    let mut set: HashMap<&str, Vec<(&HeaderRule, u32)>> = HashMap::new();
    for rule in rules {
        for change in &rule.changes {
            let above = set.entry(&change.name).or_default();
            if change.value.is_none() {
                above.retain(|(earlier, _)| !overlaps(earlier, rule));
            } else if SINGLE.contains(&change.name.as_str()) {
                if let Some((_, line)) = above.iter().find(|(earlier, _)| overlaps(earlier, rule)) {
                    let name = &change.name;
                    let text = format!(
                        "{name} is joined with the value of line {line} where both match, which makes no sense for \
                         this field; write `! {name}` above it to replace that value"
                    );
                    notices.push(problem(change.line, text));
                }
                above.push((rule, change.line));
            }
        }
    }
    notices
}

/// The rules are for some paths alike, as far as their patterns tell by themselves.
fn overlaps(a: &HeaderRule, b: &HeaderRule) -> bool {
    let path = |rule: &HeaderRule| rule.path.replace(['*', ':'], "x").trim_matches('/').to_owned();
    a.pattern.matches(&path(b)) || b.pattern.matches(&path(a))
}
