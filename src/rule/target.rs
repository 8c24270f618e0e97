//! Targets of redirect rules: a path of this site or a URL, with placeholders that are filled safely.

use super::encoding::{encode_part, encode_value, encode_written};
use super::pattern::{Captures, is_name_character};

/// Placeholders in one target. A request's path fills each: many of them would let a short request make a huge answer.
const MOST_PLACEHOLDERS: usize = 16;

/// Where a rule leads. What fills the placeholders is encoded, so it changes neither host nor structure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// `https://host` for another site, empty for this one.
    origin: String,
    path: Vec<Piece>,
    /// With `?` in front.
    query: Option<Vec<Piece>>,
    /// With `#` in front.
    fragment: Option<Vec<Piece>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    /// Encoded text.
    Literal(String),
    Placeholder(String),
}

impl Target {
    /// Parses the second word of a rule; `names` are the placeholders that it may use.
    ///
    /// # Errors
    /// What is wrong with it, with the remedy.
    pub(crate) fn parse(text: &str, names: &[&str]) -> Result<Self, String> {
        if text.contains('\\') || text.contains(char::is_control) {
            return Err("a backslash or control character in a target can lead to another host; remove it".to_owned());
        }
        let (origin, rest) = split_origin(text, names)?;
        let (rest, fragment) = split_at(rest, '#');
        let (path, query) = split_at(rest, '?');
        if origin.is_empty() && path.contains("//") {
            return Err("the target has an empty segment (//); write it with single slashes".to_owned());
        }
        let optional = |text: &str| if text.is_empty() { Ok(None) } else { pieces(text, names).map(Some) };
        let path = pieces(path, names)?;
        let target = Self { origin: origin.to_owned(), path, query: optional(query)?, fragment: optional(fragment)? };
        match target.placeholders() {
            0..=MOST_PLACEHOLDERS => Ok(target),
            count => {
                Err(format!("the target uses placeholders {count} times; more than {MOST_PLACEHOLDERS} are too many"))
            }
        }
    }

    /// The target is on this site.
    pub(crate) fn is_local(&self) -> bool {
        self.origin.is_empty()
    }

    pub(crate) fn has_query_or_fragment(&self) -> bool {
        self.query.is_some() || self.fragment.is_some()
    }

    pub(crate) fn has_placeholders(&self) -> bool {
        self.placeholders() > 0
    }

    fn placeholders(&self) -> usize {
        let parts = [Some(&self.path), self.query.as_ref(), self.fragment.as_ref()];
        parts.into_iter().flatten().flatten().filter(|piece| matches!(piece, Piece::Placeholder(_))).count()
    }

    /// The encoded path, placeholders filled.
    pub(crate) fn path(&self, captures: &Captures<'_>) -> String {
        let mut path = fill(&self.path, captures, encode_part);
        if path.is_empty() && self.is_local() {
            path.push('/');
        }
        path
    }

    /// The value of Location: `path` in place of the target's own, and the request's query unless the target has one.
    pub(crate) fn location(&self, path: &str, captures: &Captures<'_>, query: Option<&str>) -> String {
        let mut location = format!("{}{path}", self.origin);
        match (&self.query, query) {
            (Some(own), _) => location.push_str(&fill(own, captures, encode_value)),
            (None, Some(query)) => {
                location.push('?');
                location.push_str(query);
            }
            (None, None) => {}
        }
        if let Some(fragment) = &self.fragment {
            location.push_str(&fill(fragment, captures, encode_value));
        }
        location
    }
}

/// Splits `https://host` from what follows it; a path of this site has none.
fn split_origin<'a>(text: &'a str, names: &[&str]) -> Result<(&'a str, &'a str), String> {
    if text.starts_with("//") {
        return Err("the target begins with two slashes, which means a host; write https:// in front".to_owned());
    }
    if text.starts_with('/') {
        return Ok(("", text));
    }
    let scheme = ["https://", "http://"]
        .into_iter()
        .find(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
        .ok_or("the target must be a path of this site, like /new, or a URL that begins with https:// or http://")?;
    let end = text[scheme.len()..].find(['/', '?', '#']).map_or(text.len(), |at| at + scheme.len());
    let (origin, rest) = text.split_at(end);
    let host = &origin[scheme.len()..];
    if host.is_empty() {
        return Err("the target's URL has no host; write it like https://example.com/new".to_owned());
    }
    if names.iter().any(|name| host.contains(&format!(":{name}"))) || host.contains('*') {
        return Err("a placeholder in the host would let a request choose where it is sent; write the host out".into());
    }
    if !host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~:[]@%!$&'()+,;=".contains(&b)) {
        return Err(format!("{host} is no host; write an international name in its ASCII form (xn--…)"));
    }
    Ok((origin, rest))
}

fn split_at(text: &str, mark: char) -> (&str, &str) {
    text.split_at(text.find(mark).unwrap_or(text.len()))
}

/// Splits text at its placeholders.
fn pieces(text: &str, names: &[&str]) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(':') {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        let name = &after[..after.find(|c| !is_name_character(c)).unwrap_or(after.len())];
        literal.push_str(before);
        if names.contains(&name) {
            pieces.push(Piece::Literal(encode_written(&std::mem::take(&mut literal))));
            pieces.push(Piece::Placeholder(name.to_owned()));
        } else if before.ends_with(['/', '=']) && name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            let remedy = if name == "splat" { "end the rule's path in /*" } else { "name it in the rule's path" };
            return Err(format!("the target uses :{name}, which stands for nothing here; {remedy} (%3A is a colon)"));
        } else {
            literal.push(':');
            literal.push_str(name);
        }
        rest = &after[name.len()..];
    }
    literal.push_str(rest);
    pieces.push(Piece::Literal(encode_written(&literal)));
    Ok(pieces)
}

/// Fills the placeholders; an empty one does not leave two slashes behind.
fn fill(pieces: &[Piece], captures: &Captures<'_>, encode: fn(&str) -> String) -> String {
    let mut text = String::new();
    let mut emptied = false;
    for piece in pieces {
        match piece {
            Piece::Literal(literal) if emptied && text.ends_with('/') => {
                text.push_str(literal.strip_prefix('/').unwrap_or(literal));
                emptied = false;
            }
            Piece::Literal(literal) => text.push_str(literal),
            Piece::Placeholder(wanted) => {
                let value = captures.iter().find(|(name, _)| name == wanted).map_or("", |(_, value)| value);
                text.push_str(&encode(value));
                emptied = value.is_empty();
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(text: &str, captures: &Captures<'_>, query: Option<&str>) -> String {
        let names: Vec<&str> = captures.iter().map(|(name, _)| *name).collect();
        let target = Target::parse(text, &names).unwrap();
        target.location(&target.path(captures), captures, query)
    }

    #[test]
    fn placeholders_are_filled_and_the_query_is_kept_unless_there_is_one() {
        for (text, captures, query, expected) in [
            ("/new", vec![], None, "/new"),
            ("/new", vec![], Some("a=b"), "/new?a=b"),
            ("/new?x=1", vec![], Some("a=b"), "/new?x=1"),
            ("/new#part", vec![], Some("a=b"), "/new?a=b#part"),
            ("/new?x=1#part", vec![], Some("a=b"), "/new?x=1#part"),
            ("/n/:splat", vec![("splat", "a/b/")], None, "/n/a/b/"),
            ("/n/:splat", vec![("splat", "")], None, "/n/"),
            ("/:splat", vec![("splat", "")], None, "/"),
            ("/n/:splat/x", vec![("splat", "")], None, "/n/x"),
            ("/:y-:m.html", vec![("y", "2026"), ("m", "11")], None, "/2026-11.html"),
            ("/s?q=:q", vec![("q", "a&b=c/d")], None, "/s?q=a%26b%3Dc%2Fd"),
            ("https://a.example/:splat", vec![("splat", "x y")], Some("q"), "https://a.example/x%20y?q"),
            ("https://a.example", vec![], Some("q"), "https://a.example?q"),
            ("https://a.example:8080/w/Special:Search", vec![], None, "https://a.example:8080/w/Special:Search"),
            ("https://a.example/web/http://b.example/", vec![], None, "https://a.example/web/http://b.example/"),
            ("/é", vec![], None, "/%C3%A9"),
            ("/a%20b", vec![], None, "/a%20b"),
        ] {
            assert_eq!(location(text, &captures, query), expected, "{text}");
        }
    }

    #[test]
    fn substitution_never_leads_to_another_host() {
        for value in
            ["\\evil.example", "evil.example", "\t/evil.example", "\r\nlocation: x", "@evil.example", "?#", "%2f"]
        {
            for text in ["/:splat", "/n/:splat", "/:splat/x"] {
                let location = location(text, &vec![("splat", value)], None);
                assert!(location.starts_with('/') && !location.starts_with("//"), "{location}");
                assert!(!location.contains(['\\', '\r', '\n', '\t', '?', '#']), "{location}");
            }
            let location = location("https://a.example/:splat", &vec![("splat", value)], None);
            assert!(location.starts_with("https://a.example/") && !location.contains('\\'), "{location}");
        }
    }

    #[test]
    fn unusable_targets_are_refused_with_the_remedy() {
        for (text, remedy) in [
            ("new", "must be a path of this site"),
            ("//a.example", "two slashes"),
            ("ftp://a.example", "must be a path of this site"),
            ("https://", "no host"),
            ("https:///x", "no host"),
            ("https://:splat/x", "choose where"),
            ("https://a.example:splat", "choose where"),
            ("https://münchen.example/", "xn--"),
            ("/\\a.example", "backslash"),
            ("/a//b", "single slashes"),
            ("/a/:id", "stands for nothing"),
        ] {
            let error = Target::parse(text, &["splat"]).unwrap_err();
            assert!(error.contains(remedy), "{text}: {error}");
        }
        let of = |count| Target::parse(&format!("/x?{}", ":splat&".repeat(count)), &["splat"]);
        assert!(of(16).is_ok() && of(17).unwrap_err().contains("17 times"));
    }
}
