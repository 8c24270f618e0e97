//! One redirect rule: a line of `_redirects`, ready to be matched.

use super::pattern::PathPattern;
use super::target::Target;

/// A line of `_redirects`.
#[derive(Clone, Debug)]
pub(crate) struct Redirect {
    pub(crate) from: PathPattern,
    pub(crate) to: Target,
    pub(crate) action: Action,
    /// It wins over a file at the path (`!`).
    pub(crate) forced: bool,
    /// Its line, counted from 1; rules are tried in the order of their lines.
    pub(crate) line: u32,
    /// The first two words, as written.
    pub(super) words: (String, String),
}

/// The status that a rule may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Status(u16);

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Sends the client to the target, with this status.
    Redirect(u16),
    /// Answers with the target: 200.
    Rewrite,
    /// Answers navigations with the target, the page of an application that routes in the browser, and everything else
    /// with 404: a missing script must not become a page.
    Fallback,
    /// Answers with the target as the page of an error, with this status.
    Error(u16),
}

impl Status {
    const ALL: [u16; 8] = [200, 301, 302, 303, 307, 308, 404, 410];

    /// What a rule without a status has.
    pub(crate) const DEFAULT: Self = Self(301);

    pub(crate) fn new(code: u16) -> Option<Self> {
        Self::ALL.contains(&code).then_some(Self(code))
    }

    pub(crate) fn code(self) -> u16 {
        self.0
    }
}

impl Redirect {
    /// Makes a rule of its words.
    ///
    /// # Errors
    /// What is wrong with the rule, with the remedy.
    pub(crate) fn new(from: &str, to: &str, status: Status, forced: bool, line: u32) -> Result<Self, String> {
        let words = (from.to_owned(), to.to_owned());
        let from = PathPattern::parse(from)?;
        let to = Target::parse(to, &from.names())?;
        let action = match status.code() {
            200 if from.has_splat() && !to.has_placeholders() => Action::Fallback,
            200 => Action::Rewrite,
            code @ (404 | 410) => Action::Error(code),
            code => Action::Redirect(code),
        };
        if !matches!(action, Action::Redirect(_)) {
            refuse_foreign(&to, status)?;
        }
        Ok(Self { from, to, action, forced, line, words })
    }

    pub(super) fn status(&self) -> u16 {
        match self.action {
            Action::Redirect(code) | Action::Error(code) => code,
            Action::Rewrite | Action::Fallback => 200,
        }
    }
}

/// An answer that is no redirect is a file of this site.
fn refuse_foreign(to: &Target, status: Status) -> Result<(), String> {
    let code = status.code();
    if !to.is_local() {
        return Err(match code {
            200 => {
                "proxying to another host is not supported; redirect there with 302, or name a path of this site".into()
            }
            code => format!("with status {code} the target is a page of this site, like /gone.html"),
        });
    }
    if to.has_query_or_fragment() {
        return Err(format!("with status {code} the target is a file, so it has no query and no fragment; remove it"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action(from: &str, to: &str, status: u16) -> Result<Action, String> {
        Redirect::new(from, to, Status::new(status).unwrap(), false, 1).map(|rule| rule.action)
    }

    #[test]
    fn the_status_decides_what_a_rule_does() {
        for (from, to, status, expected) in [
            ("/a", "/b", 301, Action::Redirect(301)),
            ("/a", "https://b.example/", 308, Action::Redirect(308)),
            ("/a", "/b", 200, Action::Rewrite),
            ("/a/*", "/b/:splat", 200, Action::Rewrite),
            ("/a/:x", "/b", 200, Action::Rewrite),
            ("/*", "/index.html", 200, Action::Fallback),
            ("/a/*", "/a/index.html", 200, Action::Fallback),
            ("/a", "/gone.html", 410, Action::Error(410)),
        ] {
            assert_eq!(action(from, to, status), Ok(expected), "{from} {to} {status}");
        }
        for (to, status, remedy) in [
            ("https://b.example/", 200, "proxying"),
            ("https://b.example/", 404, "page of this site"),
            ("/b?c", 200, "no query"),
            ("/b#c", 404, "no fragment"),
        ] {
            let error = action("/a", to, status).unwrap_err();
            assert!(error.contains(remedy), "{error}");
        }
        assert!(Status::new(304).is_none() && Status::new(500).is_none());
    }
}
