//! The command line as data. Flags stop here: below this file, finished objects are passed.

mod answers;
mod check;
mod process;
mod releases;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use answers::{Answers, Explain};
pub(crate) use check::Check;
pub(crate) use process::Process;
pub(crate) use releases::{Bundle, Diff, Extract, Image, List};

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
    Serve(Serve),
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
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  site serve                                   the site inside this executable, on http://127.0.0.1:8080\n  site serve --listen-on 0.0.0.0:80            for everybody\n  site serve --dist-dir ./dist --listen-on :8080   a folder, served anew whenever it changes\n\nEvery flag can be given in the environment instead; RUST_LOG sets what is reported (default: info)."
)]
pub(crate) struct Serve {
    /// Where to listen; may be repeated
    #[arg(
        long,
        help = "Address to listen on: IP:PORT, [IPv6]:PORT, :PORT (all addresses) or localhost:PORT; may be repeated",
        value_name = "ADDR",
        env = "SITE_LISTEN_ON",
        default_value = "127.0.0.1:8080",
        value_delimiter = ','
    )]
    pub(crate) listen_on: Vec<String>,

    #[command(flatten)]
    pub(crate) answers: Answers,

    /// Threads that serve [default: one per core]
    #[arg(long, value_name = "N", env = "SITE_WORKERS", value_parser = clap::value_parser!(u16).range(1..=512))]
    pub(crate) workers: Option<u16>,

    /// What to write for each response
    #[arg(long, value_name = "FORMAT", env = "SITE_ACCESS_LOG", default_value = "combined")]
    pub(crate) access_log: AccessLogFormat,

    /// Append the access log to this file instead of writing it to standard error
    #[arg(long, value_name = "FILE", env = "SITE_ACCESS_LOG_FILE")]
    pub(crate) access_log_file: Option<PathBuf>,

    /// Seconds that responses under way have to finish after SIGTERM or SIGINT
    #[arg(long, value_name = "SECONDS", env = "SITE_SHUTDOWN_TIMEOUT", default_value = "30")]
    pub(crate) shutdown_timeout: u32,

    #[command(flatten)]
    pub(crate) process: Process,
}

/// The access log's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AccessLogFormat {
    /// The combined log format and the duration in microseconds
    Combined,
    /// Nothing
    Off,
}
