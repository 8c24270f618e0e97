//! The flags that decide how a site answers, and those of the command that explains it.

use std::path::PathBuf;

use clap::Args;

use crate::site::TrailingSlash;

#[derive(Debug, Args)]
#[command(next_help_heading = "Answers")]
pub(crate) struct Answers {
    /// Serve this folder instead of the site inside the executable
    #[arg(long, value_name = "DIR", env = "SITE_DIST_DIR")]
    pub(crate) dist_dir: Option<PathBuf>,

    /// Answer navigations to unknown paths with /index.html: for applications that route in the browser
    #[arg(long, env = "SITE_SPA")]
    pub(crate) spa: bool,

    /// How addresses of pages end
    #[arg(long, value_name = "MODE", env = "SITE_TRAILING_SLASH", default_value = "auto")]
    pub(crate) trailing_slash: TrailingSlash,

    /// Announce the style sheets and scripts that a page waits for in its Link headers (with --dist-dir)
    #[arg(long, env = "SITE_PRELOAD")]
    pub(crate) preload: bool,

    /// Publish environment variables at a path: PATH=NAMES, with names or prefixes between commas; may be repeated
    ///
    /// /config.json=PUBLIC_*,RELEASE serves an object of strings; a path that ends in .js serves a script that assigns
    /// the same object to window.__ENV__. The file is made at start, wins over a file of that name in the site and is
    /// never stored by caches. Nothing but the named variables is published.
    #[arg(long, value_name = "PATH=NAMES", env = "SITE_EXPOSE_ENV", value_delimiter = ' ')]
    pub(crate) expose_env: Vec<String>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  site explain /about                                what the site inside this executable answers\n  site explain '/old?x=1' --dist-dir public          which line of public/_redirects decides\n  site explain / -H 'Accept-Encoding: gzip' --json   for programs\n\nNothing is sent over a network: the answer is made as `site serve` makes it, with the same flags."
)]
pub(crate) struct Explain {
    /// The path to ask for, with or without a query
    #[arg(value_name = "PATH")]
    pub(crate) path: String,

    /// A header of the request, as `Name: value`; may be repeated
    #[arg(short = 'H', long = "header", value_name = "HEADER")]
    pub(crate) headers: Vec<String>,

    /// The request's method
    #[arg(long, value_name = "METHOD", default_value = "GET")]
    pub(crate) method: String,

    /// Write JSON
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) answers: Answers,
}
