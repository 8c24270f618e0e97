//! Header rules: the blocks of `_headers`, and what they make of the fields of a response.

use std::fmt;

use super::codec::{Decoder, Encoder};
use super::csp::{self, PageHashes, wants_hashes};
use super::glob::Glob;

/// A block of `_headers`.
#[derive(Clone, Debug)]
pub(crate) struct HeaderRule {
    pub(crate) pattern: Glob,
    /// The pattern as written.
    pub(crate) path: String,
    pub(crate) changes: Vec<Change>,
}

/// A line of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// In lower case.
    pub(crate) name: String,
    /// Nothing if the field is removed (`! Name`).
    pub(crate) value: Option<String>,
    pub(crate) line: u32,
}

/// A field of a response, and who set it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) origin: Origin,
}

/// Who set a field: this program, one of its flags, or lines of `_headers`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Origin(String);

impl Origin {
    /// Set without being asked.
    pub(crate) fn default_value() -> Self {
        Self::default()
    }

    /// Set because of `--preload`.
    pub(crate) fn preload() -> Self {
        Self("--preload".to_owned())
    }

    fn line(line: u32) -> Self {
        Self(format!("_headers:{line}"))
    }

    fn also(&mut self, line: u32) {
        self.0 = format!("{},{line}", self.0);
    }

    fn is_default(&self) -> bool {
        self.0.is_empty()
    }

    /// What the pack keeps.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    pub(crate) fn from_text(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_default() { "default" } else { &self.0 })
    }
}

impl Change {
    /// Checks a line of a block.
    ///
    /// # Errors
    /// What is wrong with it, with the remedy.
    pub(crate) fn new(name: &str, value: Option<&str>, line: u32) -> Result<Self, String> {
        let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        if name.is_empty() || !name.bytes().all(token) {
            return Err(format!("{name:?} is no header name; write a line like `X-Name: value`"));
        }
        let name = name.to_ascii_lowercase();
        if let Some(reason) = refusal(&name) {
            return Err(format!("{name} can't be set here: {reason}; remove the line"));
        }
        let Some(value) = value else { return Ok(Self { name, value: None, line }) };
        if value.is_empty() {
            return Err(format!("{name} has no value; write one, or `! {name}` to remove the field"));
        }
        if !value.bytes().all(|b| b == b'\t' || (b' '..=b'~').contains(&b)) {
            return Err(format!("the value of {name} has characters beyond ASCII, which not every client reads alike"));
        }
        csp::check(&name, value)?;
        Ok(Self { name, value: Some(value.to_owned()), line })
    }

    fn apply(&self, fields: &mut Vec<Field>, hashes: &PageHashes) {
        let Some(value) = &self.value else { return fields.retain(|field| field.name != self.name) };
        let value = if wants_hashes(value) { csp::expand(value, hashes) } else { value.clone() };
        fields.retain(|field| field.name != self.name || !field.origin.is_default());
        match fields.iter_mut().find(|field| field.name == self.name && !stands_alone(&self.name)) {
            Some(field) => {
                field.value = format!("{}, {value}", field.value);
                field.origin.also(self.line);
            }
            None => fields.push(Field { name: self.name.clone(), value, origin: Origin::line(self.line) }),
        }
    }
}

/// Why a field can't be set by a site.
fn refusal(name: &str) -> Option<&'static str> {
    Some(match name {
        "content-length" | "transfer-encoding" | "content-encoding" | "trailer" | "te" => {
            "it says how the bytes are framed, which only the server knows"
        }
        "connection" | "keep-alive" | "upgrade" | "proxy-connection" => "it belongs to the connection",
        "content-range" | "accept-ranges" => "it is part of the answer to a range request",
        "etag" | "last-modified" | "date" | "age" => "it tells caches which version they have",
        "vary" => "it follows from what the answer depends on",
        "location" => "a redirect is a line of _redirects",
        "allow" => "it lists the methods that the server answers",
        "basic-auth" => "passwords are not supported, and the line would be sent to everybody",
        _ => return None,
    })
}

/// Fields that are repeated instead of joined (RFC 9110 §5.3; `Link` values are easier to read one by one).
fn stands_alone(name: &str) -> bool {
    matches!(name, "link" | "set-cookie" | "www-authenticate" | "proxy-authenticate")
}

/// The decoded paths at which an asset is found: its own and, for a page, the one without `.html` or `index.html`.
/// (Patterns match with and without a slash at the end.)
pub(crate) fn addresses(path: &str) -> impl Iterator<Item = &str> {
    let folder = path.strip_suffix("index.html").filter(|folder| folder.is_empty() || folder.ends_with('/'));
    [Some(path), folder.or_else(|| path.strip_suffix(".html"))].into_iter().flatten()
}

/// All header rules of a site, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct HeaderRules(Vec<HeaderRule>);

impl HeaderRules {
    pub(crate) fn new(rules: Vec<HeaderRule>) -> Self {
        Self(rules)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A rule needs the hashes of pages.
    pub(crate) fn want_hashes(&self) -> bool {
        let mut values = self.0.iter().flat_map(|rule| &rule.changes).filter_map(|change| change.value.as_deref());
        values.any(wants_hashes)
    }

    /// Applies the rules whose pattern `counts`. Returns false if none does.
    pub(crate) fn apply(&self, counts: impl Fn(&Glob) -> bool, fields: &mut Vec<Field>, hashes: &PageHashes) -> bool {
        let mut rules = self.0.iter().filter(|rule| counts(&rule.pattern)).peekable();
        let any = rules.peek().is_some();
        rules.flat_map(|rule| &rule.changes).for_each(|change| change.apply(fields, hashes));
        any
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut encoder = Encoder::default();
        for rule in &self.0 {
            encoder.text(&rule.path).number(rule.changes.len() as u32);
            for change in &rule.changes {
                let (kind, value) = change.value.as_deref().map_or((0, ""), |value| (1, value));
                encoder.number(kind).text(&change.name).text(value).number(change.line);
            }
        }
        encoder.finish()
    }

    /// Opens what [`HeaderRules::encode`] wrote; what is no rule is left out.
    pub(crate) fn decode(bytes: &[u8]) -> Self {
        let mut decoder = Decoder(bytes);
        Self(std::iter::from_fn(|| decode_rule(&mut decoder)).collect())
    }
}

fn decode_rule(decoder: &mut Decoder<'_>) -> Option<HeaderRule> {
    let path = decoder.text()?.to_owned();
    let mut changes = Vec::new();
    for _ in 0..decoder.number()? {
        let (kind, name, value, line) = (decoder.number()?, decoder.text()?, decoder.text()?, decoder.number()?);
        changes.push(Change::new(name, (kind == 1).then_some(value), line).ok()?);
    }
    Some(HeaderRule { pattern: Glob::parse(&path).ok()?, path, changes })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(blocks: &[(&str, &[&str])]) -> HeaderRules {
        let mut number = 0;
        let rule = |(path, lines): &(&str, &[&str])| {
            let change = |line: &&str| {
                number += 1;
                match line.strip_prefix('!') {
                    Some(name) => Change::new(name.trim(), None, number).unwrap(),
                    None => {
                        let (name, value) = line.split_once(':').unwrap();
                        Change::new(name, Some(value.trim()), number).unwrap()
                    }
                }
            };
            let changes = lines.iter().map(change).collect();
            HeaderRule { pattern: Glob::parse(path).unwrap(), path: (*path).to_owned(), changes }
        };
        HeaderRules::new(blocks.iter().map(rule).collect())
    }

    fn applied(rules: &HeaderRules, path: &str) -> Vec<String> {
        let field =
            |(name, value): (&str, &str)| Field { name: name.into(), value: value.into(), origin: Origin::default() };
        let mut fields: Vec<Field> = [("cache-control", "no-cache"), ("x-frame", "default")].map(field).into();
        rules.apply(|pattern| pattern.matches(path), &mut fields, &PageHashes::default());
        fields.iter().map(|field| format!("{}: {} ({})", field.name, field.value, field.origin)).collect()
    }

    #[test]
    fn values_replace_defaults_join_each_other_and_are_removed() {
        let rules = rules(&[
            ("/*", &["Cache-Control: max-age=60", "X-A: 1", "Link: </a>; rel=preload", "Link: </b>; rel=preload"]),
            ("/docs/*", &["x-a: 2", "! X-Frame", "X-A: 3"]),
            ("/docs/x", &["! x-a", "X-A: 4"]),
            ("/other", &["X-B: no"]),
        ]);
        let encoded = HeaderRules::decode(&rules.encode());
        for rules in [rules, encoded] {
            assert_eq!(
                applied(&rules, "docs/y"),
                [
                    "cache-control: max-age=60 (_headers:1)",
                    "x-a: 1, 2, 3 (_headers:2,5,7)",
                    "link: </a>; rel=preload (_headers:3)",
                    "link: </b>; rel=preload (_headers:4)",
                ]
            );
            assert_eq!(applied(&rules, "docs/x").last().unwrap(), "x-a: 4 (_headers:9)");
            assert_eq!(applied(&rules, "a")[0], "x-frame: default (default)");
        }
    }

    #[test]
    fn fields_of_the_server_are_refused() {
        for name in [
            "Content-Length",
            "Content-Encoding",
            "Transfer-Encoding",
            "Content-Range",
            "ETag",
            "Date",
            "Connection",
            "Accept-Ranges",
            "Last-Modified",
            "Location",
            "Vary",
            "Basic-Auth",
            "Keep-Alive",
            "Upgrade",
            "Trailer",
        ] {
            for value in [Some("x"), None] {
                assert!(Change::new(name, value, 1).unwrap_err().contains("can't be set here"), "{name}");
            }
        }
        for (name, value) in [("X A", "b"), ("", "b"), ("X-A", ""), ("X-A", "caf\u{e9}"), ("X-A", "a\rb")] {
            assert!(Change::new(name, Some(value), 1).is_err(), "{name:?}: {value:?}");
        }
    }

    #[test]
    fn hostile_rules_are_left_out() {
        let bytes = rules(&[("/*", &["X-A: 1", "! X-B"]), ("/b", &["X-C: 2"])]).encode();
        for at in 0..bytes.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut hostile = bytes.clone();
                hostile[at] = value;
                HeaderRules::decode(&hostile).is_empty();
                HeaderRules::decode(&bytes[..at]).is_empty();
            }
        }
    }
}
