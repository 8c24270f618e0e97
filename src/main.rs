//! `site`: one executable that is a website.

// Whole packs are baked by the build script; the executable bakes folders.
#[allow(dead_code)]
mod bake;
mod carrier;
mod check;
mod cli;
mod command;
mod http;
mod image;
mod inventory;
#[allow(dead_code)]
mod pack;
#[allow(dead_code)]
mod packfile;
mod rule;
mod sandbox;
mod server;
mod site;
mod watch;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};

fn main() -> ExitCode {
    start_logging();
    let cli = Cli::parse();
    let outcome = match cli.command {
        Some(Command::Serve(flags)) => command::serve(*flags).map(|()| ExitCode::SUCCESS),
        Some(Command::Explain(flags)) => command::explain(*flags).map(|()| ExitCode::SUCCESS),
        Some(Command::Check(flags)) => command::check(&flags),
        Some(Command::Bundle(flags)) => command::bundle(flags).map(|()| ExitCode::SUCCESS),
        Some(Command::List(flags)) => command::list(flags).map(|()| ExitCode::SUCCESS),
        Some(Command::Extract(flags)) => command::extract(flags).map(|()| ExitCode::SUCCESS),
        Some(Command::Image(flags)) => command::image(flags).map(|()| ExitCode::SUCCESS),
        Some(Command::Diff(flags)) => command::diff(flags).map(|()| ExitCode::SUCCESS),
        Some(Command::Health(flags)) => command::health(&flags).map(|()| ExitCode::SUCCESS),
        None => command::version().map(|()| ExitCode::SUCCESS),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("site: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Diagnostics go to standard error, `info` and above of this program unless RUST_LOG says otherwise.
fn start_logging() {
    let default = env_logger::Env::default().default_filter_or("warn,site=info,actix_http=off,h2=off,rustls=error");
    env_logger::Builder::from_env(default).init();
}
