//! `{hashes}` in a Content-Security-Policy: the sources that allow exactly what a page itself contains.

use super::codec::{Decoder, Encoder};

const PLACEHOLDER: &str = "{hashes}";

/// The hash sources of what a page contains inline, each list separated by spaces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PageHashes {
    pub(crate) scripts: String,
    pub(crate) styles: String,
    pub(crate) event_handlers: String,
    pub(crate) style_attributes: String,
}

impl PageHashes {
    fn lists(&self) -> [&str; 4] {
        [&self.scripts, &self.styles, &self.event_handlers, &self.style_attributes]
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut encoder = Encoder::default();
        for list in self.lists() {
            encoder.text(list);
        }
        encoder.finish()
    }

    /// Reads what [`PageHashes::encode`] wrote; nothing where the bytes say something else.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut decoder = Decoder(bytes);
        let mut list = || decoder.text().map(str::to_owned);
        Some(Self { scripts: list()?, styles: list()?, event_handlers: list()?, style_attributes: list()? })
    }

    /// The sources that `{hashes}` stands for in a directive; nothing for a directive that no hash is for (CSP3 §6).
    fn sources(&self, directive: &str) -> Option<String> {
        let (plain, attributes): (&[&str], &[&str]) = match directive {
            "script-src" => (&[&self.scripts], &[&self.event_handlers]),
            "style-src" => (&[&self.styles], &[&self.style_attributes]),
            "default-src" => (&[&self.scripts, &self.styles], &[&self.event_handlers, &self.style_attributes]),
            "script-src-elem" => (&[&self.scripts], &[]),
            "style-src-elem" => (&[&self.styles], &[]),
            "script-src-attr" => (&[], &[&self.event_handlers]),
            "style-src-attr" => (&[], &[&self.style_attributes]),
            _ => return None,
        };
        let mut sources: Vec<&str> = plain.iter().copied().filter(|list| !list.is_empty()).collect();
        let mut attributes = attributes.iter().copied().filter(|list| !list.is_empty()).peekable();
        if attributes.peek().is_some() {
            sources.push("'unsafe-hashes'");
            sources.extend(attributes);
        }
        Some(sources.join(" "))
    }
}

/// The value of a header field contains the placeholder.
pub(crate) fn wants_hashes(value: &str) -> bool {
    value.contains(PLACEHOLDER)
}

/// Tells why `{hashes}` can't stand where it stands in this field, with the remedy.
///
/// # Errors
/// That.
pub(super) fn check(name: &str, value: &str) -> Result<(), String> {
    if !wants_hashes(value) {
        return Ok(());
    }
    if !matches!(name, "content-security-policy" | "content-security-policy-report-only") {
        return Err("{hashes} has a meaning in Content-Security-Policy only; remove it".to_owned());
    }
    for directive in value.split(';').filter(|directive| wants_hashes(directive)) {
        let mut words = directive.split_ascii_whitespace();
        let name = words.next().unwrap_or_default().to_ascii_lowercase();
        if PageHashes::default().sources(&name).is_none() {
            return Err(format!(
                "{{hashes}} stands for scripts and styles; move it from {name} to script-src or style-src"
            ));
        }
        if words.any(|word| wants_hashes(word) && word != PLACEHOLDER) {
            return Err(format!("{{hashes}} is a word of its own; put spaces around it in {name}"));
        }
    }
    Ok(())
}

/// Replaces the placeholder in a policy; a directive that is left without sources says 'none'.
pub(super) fn expand(value: &str, hashes: &PageHashes) -> String {
    let directive = |text: &str| {
        let mut words = text.split_ascii_whitespace();
        let name = words.next().unwrap_or_default();
        let sources = hashes.sources(&name.to_ascii_lowercase()).unwrap_or_default();
        let words = words.map(|word| if word == PLACEHOLDER { sources.as_str() } else { word });
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        format!("{name} {}", if words.is_empty() { "'none'".to_owned() } else { words.join(" ") })
    };
    let directives = value.split(';').map(str::trim).filter(|text| !text.is_empty());
    let written = directives.map(|text| if wants_hashes(text) { directive(text) } else { text.to_owned() });
    written.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_go_where_they_count() {
        let page = PageHashes {
            scripts: "'s1' 's2'".into(),
            styles: "'c'".into(),
            event_handlers: "'e'".into(),
            style_attributes: String::new(),
        };
        for (policy, expected) in [
            ("script-src 'self' {hashes}", "script-src 'self' 's1' 's2' 'unsafe-hashes' 'e'"),
            ("style-src {hashes} 'self';", "style-src 'c' 'self'"),
            ("default-src {hashes}", "default-src 's1' 's2' 'c' 'unsafe-hashes' 'e'"),
            ("script-src-elem {hashes}; img-src *", "script-src-elem 's1' 's2'; img-src *"),
            ("style-src-attr {hashes}", "style-src-attr 'none'"),
            ("default-src 'none'", "default-src 'none'"),
        ] {
            assert_eq!(expand(policy, &page), expected);
        }
        let none = PageHashes::default();
        assert_eq!(
            expand("script-src 'self' {hashes}; style-src {hashes}", &none),
            "script-src 'self'; style-src 'none'"
        );
        assert_eq!(PageHashes::decode(&page.encode()), Some(page));
    }

    #[test]
    fn misplaced_hashes_are_refused_with_the_remedy() {
        for (name, value, remedy) in [
            ("x-policy", "{hashes}", "Content-Security-Policy only"),
            ("content-security-policy", "img-src {hashes}", "move it from img-src"),
            ("content-security-policy", "script-src 'self'{hashes}", "word of its own"),
            ("content-security-policy", "{hashes}", "move it"),
        ] {
            let error = check(name, value).unwrap_err();
            assert!(error.contains(remedy), "{error}");
        }
        assert!(check("content-security-policy", "default-src 'none'; SCRIPT-SRC {hashes}").is_ok());
    }
}
