//! Checking: what is wrong with a site before anybody visits it.
//!
//! Files are read once, on all cores, and forgotten; links are resolved by the site's own lookup. What must wait for
//! another page (does it have that fragment?) is kept as hashes.

mod budget;
mod case;
mod coded;
mod css;
mod fragments;
mod inspect;
mod problem;
mod references;
mod report;
mod resolve;
mod secret;
mod subject;
mod url;

use std::convert::Infallible;

pub(crate) use budget::Size;
pub(crate) use report::Report;
pub(crate) use subject::Subject;

use crate::bake::{Progress, map_in_order};
use crate::site::TrailingSlash;
use budget::Weights;
use case::Cases;
use fragments::Fragments;
use inspect::{Inspection, Inspector};
use problem::{Finding, Problem};
use resolve::Resolver;

/// How the site is going to be served, and what is asked of it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    pub(crate) trailing_slash: TrailingSlash,
    /// Navigations to unknown paths are answered by the application.
    pub(crate) single_page_application: bool,
    /// The most bytes that a page and its own assets may have in the best coding.
    pub(crate) budget: Option<Size>,
}

/// Checks a site; what can't be read is a problem of the site.
pub(crate) fn check(subject: Subject, options: &Options, progress: &dyn Progress) -> Report {
    progress.start(subject.len(), subject.bytes());
    let mut report = Report::default();
    let cases = Cases::of(&subject);
    let resolver = Resolver::new(&subject, &cases, options);
    let inspector = Inspector { subject: &subject, resolver, weighs: options.budget.is_some() };
    let positions: Vec<u32> = (0..subject.len() as u32).collect();
    let (mut fragments, mut weights) = (Fragments::new(subject.len()), Weights::default());
    let inspected = |position: &u32| Ok(inspector.inspect(*position));
    let Ok::<_, Infallible>(()) = map_in_order(&positions, inspected, Inspection::size, |position, found| {
        let bytes = found.bytes;
        report.add(found.problems, bytes, found.page, found.references);
        if let Some(ids) = found.ids {
            fragments.page(*position, ids, &found.fragments);
        }
        if options.budget.is_some() {
            weights.add(found.weight, found.own);
        }
        progress.advance(bytes);
        Ok(())
    });
    report.problems.extend(missing_fragments(&inspector, fragments));
    report.problems.extend(options.budget.map(|budget| weights.over(budget, &subject)).unwrap_or_default());
    report.problems.extend(cases.collisions(&subject));
    report.problems.extend(missing_pages(&subject));
    report.problems.extend(subject.problems);
    report.sort();
    report
}

/// Reads the pages again whose links lead to fragments that no page has, for the links' words.
fn missing_fragments(inspector: &Inspector<'_>, fragments: Fragments) -> Vec<Problem> {
    let missing = fragments.missing();
    let mut sources: Vec<u32> = missing.keys().copied().collect();
    sources.sort_unstable();
    let mut problems = Vec::new();
    let Ok::<_, Infallible>(()) = map_in_order(
        &sources,
        |source| Ok(inspector.missing_fragments(*source, &missing[source])),
        |_| 0,
        |_, found| {
            problems.extend(found);
            Ok(())
        },
    );
    problems
}

fn missing_pages(subject: &Subject) -> Vec<Problem> {
    let has = |path: &str| subject.site.pack().find(path.as_bytes(), b"").is_some();
    let missing = [
        ("index.html", Finding::MissingIndex, "/ has no page: there is no index.html at the top"),
        ("404.html", Finding::MissingErrorPage, "there is no 404.html: what is missing gets a plain built-in page"),
    ];
    let missing = missing.into_iter().filter(|(path, ..)| !has(path));
    missing.map(|(path, finding, message)| Problem::new(path, 0, finding, message)).collect()
}
