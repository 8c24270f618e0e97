//! The report of a check: counted, sorted, written for people or for programs.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;

use super::problem::{Problem, Severity};

/// Problems of one file that people are shown; the worst come first.
const SHOWN_PER_FILE: usize = 10;

/// Files that people are shown.
const SHOWN_FILES: usize = 100;

/// What a check found.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    files: usize,
    pages: usize,
    /// Of the files as they are.
    bytes: u64,
    /// References that were resolved, in pages and style sheets.
    references: u64,
    errors: usize,
    warnings: usize,
    notes: usize,
    pub(super) problems: Vec<Problem>,
}

impl Report {
    /// Adds a file.
    pub(super) fn add(&mut self, problems: Vec<Problem>, bytes: u64, page: bool, references: u64) {
        self.files += 1;
        self.pages += usize::from(page);
        self.bytes += bytes;
        self.references += references;
        self.problems.extend(problems);
    }

    /// Puts the problems in order and counts them.
    pub(super) fn sort(&mut self) {
        self.problems.sort_by(|a, b| {
            (&a.path, a.severity, a.line, a.finding, &a.message)
                .cmp(&(&b.path, b.severity, b.line, b.finding, &b.message))
        });
        let count = |severity| self.problems.iter().filter(|problem| problem.severity == severity).count();
        [self.errors, self.warnings, self.notes] = [Severity::Error, Severity::Warning, Severity::Note].map(count);
    }

    pub(crate) fn errors(&self) -> usize {
        self.errors
    }

    pub(crate) fn warnings(&self) -> usize {
        self.warnings
    }

    /// Writes all of it as one JSON object.
    ///
    /// # Errors
    /// Those of `out`.
    pub(crate) fn write_json(&self, mut out: impl Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut out, self)?;
        writeln!(out)
    }

    /// Writes the problems, grouped by file, the files with the worst ones first, and a summary.
    ///
    /// # Errors
    /// Those of `out`.
    pub(crate) fn write(&self, mut out: impl Write, duration: Duration) -> io::Result<()> {
        let mut files: BTreeMap<&str, Vec<&Problem>> = BTreeMap::new();
        self.problems.iter().for_each(|problem| files.entry(&problem.path).or_default().push(problem));
        let mut files: Vec<_> = files.into_iter().collect();
        files.sort_by_key(|(_, problems)| problems.iter().map(|problem| problem.severity).min());
        for (path, problems) in files.iter().take(SHOWN_FILES) {
            write_file(&mut out, path, problems)?;
        }
        if let Some(hidden) = files.len().checked_sub(SHOWN_FILES).filter(|hidden| *hidden > 0) {
            writeln!(out, "… and {} with problems; --json lists them all\n", counted(hidden, "more file"))?;
        }
        writeln!(
            out,
            "{}, {}, {}: {} with {} and {} bytes checked in {:.1} s",
            counted(self.errors, "error"),
            counted(self.warnings, "warning"),
            counted(self.notes, "note"),
            counted(self.files, "file"),
            counted(self.references as usize, "reference"),
            self.bytes,
            duration.as_secs_f64(),
        )
    }
}

fn write_file(out: &mut impl Write, path: &str, problems: &[&Problem]) -> io::Result<()> {
    let mut counts = Vec::new();
    for severity in [Severity::Error, Severity::Warning, Severity::Note] {
        let count = problems.iter().filter(|problem| problem.severity == severity).count();
        counts.extend((count > 0).then(|| counted(count, severity.word())));
    }
    writeln!(out, "{} ({})", if path.is_empty() { "the folder" } else { path }, counts.join(", "))?;
    for problem in problems.iter().take(SHOWN_PER_FILE) {
        let line = if problem.line == 0 { String::new() } else { problem.line.to_string() };
        let times = if problem.times > 1 { format!(" ({} times)", problem.times) } else { String::new() };
        writeln!(out, "  {:<7} {line:>5}  {}{times}", problem.severity.word(), problem.message)?;
    }
    if let Some(hidden) = problems.len().checked_sub(SHOWN_PER_FILE).filter(|hidden| *hidden > 0) {
        writeln!(out, "  … and {hidden} more")?;
    }
    writeln!(out)
}

/// `1 error`, `2 errors`.
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
