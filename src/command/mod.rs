//! The subcommands.

mod addresses;
mod base;
mod bundle;
mod check;
mod diff;
mod explain;
mod extract;
mod health;
mod image;
mod interrupt;
mod list;
mod opened;
mod output;
mod progress;
mod serve;
mod source;
mod table;

use std::io::{self, Write};

use anyhow::{Context, Result};

pub(crate) use bundle::bundle;
pub(crate) use check::check;
pub(crate) use diff::diff;
pub(crate) use explain::explain;
pub(crate) use extract::extract;
pub(crate) use health::health;
pub(crate) use image::image;
pub(crate) use list::list;
pub(crate) use serve::serve;

/// Prints the version and the hash of the carried pack.
///
/// # Errors
/// A damaged pack.
pub(crate) fn version() -> Result<()> {
    let (_, pack) = crate::carrier::carried_pack()?;
    println!("site {} (pack {})", env!("CARGO_PKG_VERSION"), pack.hash());
    Ok(())
}

/// Writes a command's result to standard output. A reader who has seen enough ends it without an error.
fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).context("writing to standard output"),
        _ => Ok(()),
    }
}
