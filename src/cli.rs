//! The command line as data. Flags stop here: below this file, finished objects are passed.

mod answers;
mod check;
mod health;
mod releases;
mod serve;

use clap::{Parser, Subcommand};

pub(crate) use answers::{Answers, Explain};
pub(crate) use check::Check;
pub(crate) use health::Health;
pub(crate) use releases::{Bundle, Diff, Extract, Image, List};
pub(crate) use serve::{AccessLogFormat, Limits, Listening, Serve};

/// One executable that is a website.
#[derive(Debug, Parser)]
#[command(name = "site", about, long_about = None, max_term_width = 110, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// Print the version and the hash of the site inside this executable
    #[arg(short = 'V', long)]
    pub(crate) version: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the site that this executable carries, or a folder
    Serve(Box<Serve>),
    /// Tell how a request would be answered, and why
    Explain(Box<Explain>),
    /// Say what is wrong with a site: broken links, missing files, secrets, damage …
    Check(Check),
    /// Make an executable that serves a folder's files
    Bundle(Bundle),
    /// List a site's files
    List(List),
    /// Write a site's files to a folder
    Extract(Extract),
    /// Make a container image of a site executable
    Image(Image),
    /// Compare two releases of a site
    Diff(Diff),
    /// Ask a server whether it answers, for a container's health check
    Health(Health),
}
