//! What the flags of serving open: the site, what is laid over it, and how it answers.

use anyhow::{Context, Result};

use crate::carrier::{self, Carried, Exposure};
use crate::cli::Answers;
use crate::http::Options;
use crate::site::Site;

/// A site and how it is to be answered from.
pub(super) struct Opened {
    pub(super) carried: Carried,
    pub(super) overlay: Option<Site>,
    pub(super) options: Options,
}

/// Opens what the flags name.
///
/// # Errors
/// A site that can't be opened, variables that can't be exposed; one line that names the flag.
pub(super) fn open(flags: Answers) -> Result<Opened> {
    let options =
        Options { single_page_application: flags.spa, trailing_slash: flags.trailing_slash, ..Options::default() };
    let dist_dir = flags.dist_dir.clone();
    let opened = carrier::open(flags.dist_dir, flags.preload.into());
    let carried = match dist_dir {
        Some(dir) => opened.with_context(|| format!("--dist-dir {}", dir.display()))?,
        None => opened?,
    };
    Ok(Opened { carried, overlay: overlay(&flags.expose_env)?, options })
}

/// The environment variables that are published, as assets.
fn overlay(texts: &[String]) -> Result<Option<Site>> {
    let mut exposures = Vec::new();
    for text in texts.iter().filter(|text| !text.is_empty()) {
        exposures.push(text.parse::<Exposure>().with_context(|| format!("--expose-env {text}"))?);
    }
    carrier::overlay(&exposures, &std::env::vars_os().collect::<Vec<_>>()).context("--expose-env")
}
