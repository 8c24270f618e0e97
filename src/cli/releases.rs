//! The flags of the commands that make releases and look into them.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::bake;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  site bundle public --output my-site           the folder public as one executable\n  site bundle public --output my-site --base site-aarch64    for another processor"
)]
pub(crate) struct Bundle {
    /// The folder that holds the site's files
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,

    /// The executable to write; one that is there is replaced as a whole, even while it runs
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,

    /// The site executable to bundle with, for example one for another processor [default: this one]
    #[arg(long, value_name = "FILE")]
    pub(crate) base: Option<PathBuf>,

    /// How much time compression may take
    #[arg(long, value_name = "QUALITY", default_value = "best")]
    pub(crate) quality: Quality,

    /// Follow symbolic links that lead out of the folder, too
    #[arg(long)]
    pub(crate) follow_links: bool,

    /// Announce the style sheets and scripts that a page waits for in its Link headers
    #[arg(long, env = "SITE_PRELOAD")]
    pub(crate) preload: bool,
}

/// How much time compression may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Quality {
    /// br 5 and gzip 6: for previews
    Fast,
    /// br 11 and gzip 9: for releases
    Best,
}

impl From<Quality> for bake::Quality {
    fn from(quality: Quality) -> Self {
        match quality {
            Quality::Fast => bake::Quality::Fast,
            Quality::Best => bake::Quality::Best,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// A site executable, a pack, or a folder [default: this executable]
    #[arg(value_name = "FILE|DIR")]
    pub(crate) from: Option<PathBuf>,

    /// Also list the assets that were kept from releases before
    #[arg(long)]
    pub(crate) retired: bool,

    /// Write JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Extract {
    /// A site executable or a pack [default: this executable]
    #[arg(value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,

    /// The folder to write; it must be new or empty
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// The release before: a site executable, a pack, or a folder
    #[arg(value_name = "OLD")]
    pub(crate) old: PathBuf,

    /// The release after: a site executable, a pack, or a folder
    #[arg(value_name = "NEW")]
    pub(crate) new: PathBuf,

    /// Write JSON
    #[arg(long)]
    pub(crate) json: bool,
}
