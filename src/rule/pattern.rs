//! Path patterns of redirect rules: literal segments, `:name` for one segment, `*` at the end for the rest.

use super::encoding::decode_path;

/// A pattern that whole paths match, with or without a slash at their end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PathPattern {
    segments: Vec<Segment>,
    /// The pattern ends in `/*`.
    splat: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    /// Decoded text.
    Literal(String),
    Placeholder(String),
}

impl Segment {
    /// The name of a placeholder.
    fn name(&self) -> Option<&str> {
        match self {
            Self::Placeholder(name) => Some(name),
            Self::Literal(_) => None,
        }
    }
}

/// What the placeholders of a pattern stand for in a path, decoded; `splat` is the rest behind `*`.
pub(crate) type Captures<'a> = Vec<(&'a str, &'a str)>;

impl PathPattern {
    /// Parses the first word of a rule.
    ///
    /// # Errors
    /// What is wrong with it, with the remedy.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (path, splat) = match text.strip_suffix('*') {
            Some(path) if path.ends_with('/') => (path, true),
            _ => (text, false),
        };
        refuse(text, path)?;
        // Decoded segment by segment: an encoded colon or star is meant literally.
        let mut segments: Vec<Segment> = Vec::new();
        for segment in path.trim_matches('/').split('/').filter(|segment| !segment.is_empty()) {
            let segment = segment_of(segment)?;
            if let Segment::Placeholder(name) = &segment
                && (segments.contains(&segment) || name == "splat")
            {
                return Err(format!("the placeholder :{name} is there twice; give each its own name"));
            }
            segments.push(segment);
        }
        Ok(Self { segments, splat })
    }

    /// The one path, decoded and without slashes around it, of a pattern without placeholders.
    pub(crate) fn exact(&self) -> Option<String> {
        let literal = |segment: &Segment| match segment {
            Segment::Literal(text) => Some(text.clone()),
            Segment::Placeholder(_) => None,
        };
        let segments: Option<Vec<String>> = self.segments.iter().map(literal).collect();
        segments.filter(|_| !self.splat).map(|segments| segments.join("/"))
    }

    pub(crate) fn has_splat(&self) -> bool {
        self.splat
    }

    /// The first segment, if it is literal.
    pub(crate) fn head(&self) -> Option<&str> {
        match self.segments.first()? {
            Segment::Literal(text) => Some(text),
            Segment::Placeholder(_) => None,
        }
    }

    /// The names that a target may use.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.segments.iter().filter_map(Segment::name).chain(self.splat.then_some("splat")).collect()
    }

    /// Matches a decoded path without the slash in front.
    pub(crate) fn captures<'a>(&'a self, path: &'a str) -> Option<Captures<'a>> {
        let mut rest = path;
        let mut captures = Vec::new();
        for segment in &self.segments {
            let (first, after) = rest.split_once('/').unwrap_or((rest, ""));
            match segment {
                Segment::Literal(text) if text == first => {}
                Segment::Placeholder(name) if !first.is_empty() => captures.push((name.as_str(), first)),
                _ => return None,
            }
            rest = after;
        }
        if self.splat {
            captures.push(("splat", rest));
        } else if !rest.is_empty() {
            return None;
        }
        Some(captures)
    }

    /// Every path that `other` matches is matched by this pattern, too.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        let enough = if self.splat {
            self.segments.len() <= other.segments.len()
        } else {
            self.segments.len() == other.segments.len() && !other.splat
        };
        let pairs = || self.segments.iter().zip(&other.segments);
        enough && pairs().all(|(mine, theirs)| matches!(mine, Segment::Placeholder(_)) || mine == theirs)
    }

    /// A path that the pattern matches and that is probably no file: something to try a rule with.
    pub(crate) fn example(&self) -> String {
        let segment = |segment: &Segment| match segment {
            Segment::Literal(text) => text.clone(),
            Segment::Placeholder(name) => format!("any-{name}"),
        };
        let splat = self.splat.then(|| "any/path".to_owned());
        self.segments.iter().map(segment).chain(splat).collect::<Vec<_>>().join("/")
    }
}

/// Refuses what no path of this site is, naming what the person may have meant.
fn refuse(text: &str, path: &str) -> Result<(), String> {
    if text.contains("://") || text.starts_with("//") {
        return Err("rules for a host are not supported; write the path alone, like /old".to_owned());
    }
    if !text.starts_with('/') {
        return Err("a rule begins with the path that it is for, like /old".to_owned());
    }
    if path.contains('*') {
        return Err("* stands for the rest of a path, so it must be the whole last segment, like /old/*".to_owned());
    }
    if path.contains('?') {
        return Err("the query is not matched; write the path alone (a request's query is passed on)".to_owned());
    }
    if path.contains('#') {
        return Err("a fragment never reaches the server; write the path alone".to_owned());
    }
    if path.contains('\\') || decode_path(path).is_none() {
        let reason = "no request has this path";
        return Err(format!("{reason}: it has an empty, dot or backslash segment, or is not UTF-8; write it clean"));
    }
    Ok(())
}

fn segment_of(text: &str) -> Result<Segment, String> {
    if let Some(name) = text.strip_prefix(':') {
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || !name.chars().all(is_name_character) {
            return Err(format!(
                "{text} is no placeholder: a name has letters, digits and _ and fills its segment (%3A is a colon)"
            ));
        }
        return Ok(Segment::Placeholder(name.to_owned()));
    }
    if let Some((_, after)) = text.split_once(':')
        && after.starts_with(|c: char| c.is_ascii_alphabetic())
    {
        return Err(format!("{text}: a placeholder fills its whole segment, like /:name/ (%3A is a colon)"));
    }
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8();
    decoded.map(|text| Segment::Literal(text.into_owned())).map_err(|_| format!("{text} is not UTF-8"))
}

pub(super) fn is_name_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> PathPattern {
        PathPattern::parse(text).unwrap()
    }

    #[test]
    fn paths_match_with_and_without_a_slash_at_the_end() {
        for (text, path, expected) in [
            ("/", "", Some("")),
            ("/a", "a", Some("")),
            ("/a", "a/", Some("")),
            ("/a/", "a", Some("")),
            ("/a", "a/b", None),
            ("/a", "", None),
            ("/a%20b", "a b", Some("")),
            ("/%3Aid", ":id", Some("")),
            ("/a/*", "a", Some("splat=")),
            ("/a/*", "a/", Some("splat=")),
            ("/a/*", "a/b/c/", Some("splat=b/c/")),
            ("/a/*", "ab", None),
            ("/*", "", Some("splat=")),
            ("/*", "x", Some("splat=x")),
            ("/:y/:m/x", "2026/11/x/", Some("y=2026,m=11")),
            ("/:y/:m/x", "2026//x", None),
            ("/:y/*", "2026", Some("y=2026,splat=")),
            ("/:y", "", None),
        ] {
            let pattern = pattern(text);
            let written =
                |captures: Captures| captures.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(",");
            assert_eq!(pattern.captures(path).map(written).as_deref(), expected, "{text} {path}");
        }
    }

    #[test]
    fn what_can_not_match_is_refused_with_the_remedy() {
        for (text, remedy) in [
            ("old", "begins with the path"),
            ("https://a.example/old", "rules for a host"),
            ("//a.example/old", "rules for a host"),
            ("/a*", "whole last segment"),
            ("/*/a", "whole last segment"),
            ("/a?b=1", "query is not matched"),
            ("/a#b", "fragment"),
            ("/a//b", "no request has this path"),
            ("/a/../b", "no request has this path"),
            ("/%2e%2e", "no request has this path"),
            ("/a\\b", "no request has this path"),
            ("/%ff", "no request has this path"),
            ("/:a/:a", "twice"),
            ("/:splat/*", "twice"),
            ("/:1", "no placeholder"),
            ("/post-:id", "fills its whole segment"),
        ] {
            let error = PathPattern::parse(text).unwrap_err();
            assert!(error.contains(remedy), "{text}: {error}");
        }
    }

    #[test]
    fn covering_is_found_segment_by_segment() {
        for (wide, narrow, covers) in [
            ("/*", "/a", true),
            ("/*", "/*", true),
            ("/a/*", "/a", true),
            ("/a/*", "/a/:x/*", true),
            ("/a/*", "/:x/*", false),
            ("/:x", "/a", true),
            ("/:x", "/:y", true),
            ("/:x", "/*", false),
            ("/:x", "/a/b", false),
            ("/a", "/:x", false),
            ("/:x/*", "/a", true),
            ("/:x/*", "/*", false),
        ] {
            assert_eq!(pattern(wide).covers(&pattern(narrow)), covers, "{wide} {narrow}");
        }
    }
}
