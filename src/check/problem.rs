//! A problem of a site: where it is, what it is, how bad it is.

use serde::Serialize;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    /// Visitors will run into it.
    Error,
    /// It is likely to be a mistake.
    Warning,
    /// Good to know.
    Note,
}

impl Severity {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }
}

/// What can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Finding {
    /// The file can't be read.
    Unreadable,
    /// A build would refuse the folder.
    Refused,
    /// A line of `_redirects` or `_headers` that is wrong.
    Rule,
    /// A line of them that does not do what it seems to.
    DoubtfulRule,
    /// `{hashes}` must allow attributes, which weakens a policy.
    WeakPolicy,
    /// A body of a pack that is not what was baked.
    Damaged,
    /// A link to a page that is not there.
    BrokenLink,
    /// A reference to a script, style sheet, image … that is not there.
    MissingFile,
    /// A file that looks as if it must stay secret.
    Secret,
    /// A page that weighs more than it may.
    OverBudget,
    /// A link to a place that the page does not have.
    MissingFragment,
    /// A relative reference in an error page, which appears at any depth.
    RelativeInErrorPage,
    MissingTitle,
    MissingCharset,
    /// Text that is not UTF-8.
    UnknownCharset,
    MissingIndex,
    MissingErrorPage,
    /// Names that are equal but for upper and lower case.
    CaseCollision,
    SourceMap,
    /// A `.br` or `.gz` that does not hold its neighbour.
    StaleSidecar,
    /// A `.br` or `.gz` that holds its neighbour, and is not used.
    Sidecar,
    /// A file of the folder that is not served.
    LeftOut,
    /// A file that is too large to be read as a page.
    NotRead,
}

impl Finding {
    pub(crate) fn severity(self) -> Severity {
        use Finding as F;
        match self {
            F::Unreadable | F::Refused | F::Rule | F::Damaged => Severity::Error,
            F::BrokenLink | F::MissingFile | F::Secret | F::OverBudget => Severity::Error,
            F::MissingFragment | F::RelativeInErrorPage | F::MissingTitle | F::MissingCharset => Severity::Warning,
            F::UnknownCharset | F::MissingIndex | F::MissingErrorPage | F::CaseCollision => Severity::Warning,
            F::SourceMap | F::StaleSidecar | F::DoubtfulRule => Severity::Warning,
            F::Sidecar | F::WeakPolicy | F::LeftOut | F::NotRead => Severity::Note,
        }
    }
}

/// A problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Problem {
    pub(crate) severity: Severity,
    pub(crate) finding: Finding,
    /// Below the site's root.
    pub(crate) path: Box<str>,
    /// Counted from 1; 0 if the problem is the file's as a whole.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) line: u32,
    /// What is wrong, on one line.
    pub(crate) message: Box<str>,
    /// How often the file has this very problem, if more than once.
    #[serde(skip_serializing_if = "is_one")]
    pub(crate) times: u32,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

fn is_one(number: &u32) -> bool {
    *number == 1
}

impl Problem {
    pub(crate) fn new(path: &str, line: u32, finding: Finding, message: impl AsRef<str>) -> Self {
        let message: String = message.as_ref().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        Self { severity: finding.severity(), finding, path: path.into(), line, message: message.into(), times: 1 }
    }
}

/// Adds a problem to those of one file; the same one again is counted.
pub(crate) fn note(problems: &mut Vec<Problem>, problem: Problem) {
    let same = |known: &&mut Problem| known.finding == problem.finding && known.message == problem.message;
    match problems.iter_mut().rev().take(MEMORY).find(same) {
        Some(known) => known.times = known.times.saturating_add(1),
        None => problems.push(problem),
    }
}

/// How many problems of a file are compared with the next one.
const MEMORY: usize = 256;
