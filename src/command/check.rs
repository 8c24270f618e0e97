//! `site check`: says what is wrong with a site before it is served.

use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::progress::Shown;
use super::source;
use crate::bake::Links;
use crate::check::{Options, Report, Subject, check as check_site};
use crate::cli::Check;

/// Checks the site that `flags` name, and reports; the exit code says whether it is good.
///
/// # Errors
/// A site that can't be opened, output that can't be written.
pub(crate) fn check(flags: &Check) -> Result<ExitCode> {
    let start = Instant::now();
    let subject = open(flags.site.as_deref(), if flags.follow_links { Links::Follow } else { Links::Refuse })?;
    let options =
        Options { trailing_slash: flags.trailing_slash, single_page_application: flags.spa, budget: flags.budget };
    let report = check_site(subject, &options, &Shown::new("checked"));
    write(&report, flags.json, start.elapsed()).context("writing the report")?;
    let good = report.errors() == 0 && (!flags.strict || report.warnings() == 0);
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Opens a folder, a file with a pack, or what this executable carries.
fn open(path: Option<&Path>, links: Links) -> Result<Subject> {
    match path {
        Some(path) if !path.is_file() => Subject::folder(path, links),
        _ => Ok(Subject::pack(source::open(path)?)),
    }
}

fn write(report: &Report, json: bool, duration: Duration) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let written = if json { report.write_json(&mut out) } else { report.write(&mut out, duration) };
    match written.and_then(|()| out.flush()) {
        // Whoever reads has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome,
    }
}
