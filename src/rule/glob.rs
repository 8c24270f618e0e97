//! Path patterns of header rules: `*` for any characters, `:name` for one segment.

use percent_encoding::percent_decode_str;

use super::pattern::is_name_character;

/// A pattern that whole paths match, with or without a slash at their end; `/docs/*` matches `/docs`, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Glob {
    tokens: Vec<Token>,
    /// The pattern ends in `/*`, whose slash a path need not have.
    optional_rest: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// Decoded text.
    Literal(String),
    /// `:name`: one segment.
    Segment,
    /// `*`: any characters, slashes included.
    Any,
}

impl Glob {
    /// Parses the line that opens a block of `_headers`.
    ///
    /// # Errors
    /// What is wrong with it, with the remedy.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.contains("://") || text.starts_with("//") {
            return Err("rules for a host are not supported; write the path alone, like /docs/*".to_owned());
        }
        let path = text.strip_prefix('/').ok_or("a block begins with the path that it is for, like /docs/*")?;
        if text.contains(['?', '#', '\\']) {
            return Err("only the path is matched; write it without a query, a fragment or backslashes".to_owned());
        }
        let mut tokens = Vec::new();
        for (at, segment) in path.trim_end_matches('/').split('/').enumerate() {
            let slash = if at == 0 { "" } else { "/" };
            match segment.strip_prefix(':') {
                Some(name) if !name.is_empty() && name.chars().all(is_name_character) => {
                    push_literal(&mut tokens, slash);
                    tokens.push(Token::Segment);
                }
                _ => segment_tokens(&mut tokens, slash, segment)?,
            }
        }
        let optional_rest = text.len() > 2 && text.ends_with("/*");
        Ok(Self { tokens, optional_rest })
    }

    /// Matches a decoded path without the slash in front.
    pub(crate) fn matches(&self, path: &str) -> bool {
        let path = path.strip_suffix('/').unwrap_or(path);
        if matches(&self.tokens, path) {
            return true;
        }
        // `docs/*`: the literal `…/` and `*` are the last two tokens.
        let [start @ .., Token::Literal(last), Token::Any] = self.tokens.as_slice() else { return false };
        let Some(stem) = last.strip_suffix('/').filter(|_| self.optional_rest) else { return false };
        match path.strip_suffix(stem) {
            Some(before) => matches(start, before),
            None => false,
        }
    }
}

fn segment_tokens(tokens: &mut Vec<Token>, slash: &str, segment: &str) -> Result<(), String> {
    if segment.split_once(':').is_some_and(|(_, name)| name.starts_with(|c: char| c.is_ascii_alphabetic())) {
        return Err(format!("{segment}: a placeholder fills its whole segment, like /:name/ (%3A is a colon)"));
    }
    push_literal(tokens, slash);
    for (at, part) in segment.split('*').enumerate() {
        if at > 0 && tokens.last() != Some(&Token::Any) {
            tokens.push(Token::Any);
        }
        let decoded = percent_decode_str(part).decode_utf8();
        push_literal(tokens, &decoded.map_err(|_| format!("{segment} is not UTF-8"))?);
    }
    Ok(())
}

fn push_literal(tokens: &mut Vec<Token>, text: &str) {
    match tokens.last_mut() {
        _ if text.is_empty() => {}
        Some(Token::Literal(literal)) => literal.push_str(text),
        _ => tokens.push(Token::Literal(text.to_owned())),
    }
}

/// Matches without recursion. When what follows a `*` does not fit, only the last `*` must take more: an earlier one
/// that took more would leave less for everything behind it.
fn matches(tokens: &[Token], path: &str) -> bool {
    let (mut token, mut at) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        let rest = &path[at..];
        let step = match tokens.get(token) {
            None if rest.is_empty() => return true,
            None => None,
            Some(Token::Any) => {
                retry = Some((token + 1, at));
                Some(0)
            }
            Some(Token::Literal(literal)) => rest.starts_with(literal.as_str()).then_some(literal.len()),
            Some(Token::Segment) => Some(rest.find('/').unwrap_or(rest.len())).filter(|length| *length > 0),
        };
        if let Some(length) = step {
            (token, at) = (token + 1, at + length);
            continue;
        }
        let Some((next, tried)) = retry else { return false };
        let Some(character) = path[tried..].chars().next() else { return false };
        let tried = tried + character.len_utf8();
        retry = Some((next, tried));
        (token, at) = (next, tried);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_match_globs() {
        for (pattern, path, expected) in [
            ("/", "", true),
            ("/", "a", false),
            ("/*", "", true),
            ("/*", "a/b.css", true),
            ("/docs/*", "docs/a/b", true),
            ("/docs/*", "docs/", true),
            ("/docs/*", "docs", true),
            ("/docs/*", "docsx", false),
            ("/docs/*", "xdocs", false),
            ("/:lang/docs/*", "en/docs", true),
            ("/:lang/docs/*", "docs", false),
            ("/a", "a/", true),
            ("/a/", "a", true),
            ("/a", "A", false),
            ("/*.css", "x/y.css", true),
            ("/*.css", "x/y.css.map", false),
            ("/a*c*e", "abcde", true),
            ("/a*c*e", "abcdef", false),
            ("/*ab*ab", "xabab", true),
            ("/:x", "a", true),
            ("/:x", "a/b", false),
            ("/:x", "", false),
            ("/*/:x/c", "a/b/c", true),
            ("/*/:x/c", "a/c", false),
            ("/é/%C3%A9", "é/é", true),
            ("/a%2Ab", "a*b", true),
            ("/a%2Ab", "axb", false),
            ("/**", "a/b", true),
        ] {
            assert_eq!(Glob::parse(pattern).unwrap().matches(path), expected, "{pattern} {path}");
        }
        let slow = Glob::parse("/*a*a*a*a*a*a*a*a*a*b").unwrap();
        assert!(!slow.matches(&"a".repeat(5000)));
    }

    #[test]
    fn what_can_not_match_is_refused_with_the_remedy() {
        for (text, remedy) in [
            ("docs", "begins with the path"),
            ("https://a.example/*", "rules for a host"),
            ("/a?b", "only the path"),
            ("/a-:b", "fills its whole segment"),
            ("/%ff", "not UTF-8"),
        ] {
            let error = Glob::parse(text).unwrap_err();
            assert!(error.contains(remedy), "{text}: {error}");
        }
    }
}
