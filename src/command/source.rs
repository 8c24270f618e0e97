//! Where a command finds the site that it looks into.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use anyhow::{Context, Result};

use super::progress::Shown;
use crate::bake::{self, Links, Preload, Quality, bake};
use crate::carrier;
use crate::packfile::PackFile;

/// Opens the site of a file, of a folder, or of the running executable.
///
/// # Errors
/// Whatever has no readable site; the message names it.
pub(crate) fn open(from: Option<&Path>) -> Result<PackFile> {
    match from {
        None => PackFile::of(carrier::executable()?).context("this executable"),
        Some(path) if path.is_dir() => baked(path),
        Some(path) => PackFile::open(path),
    }
}

/// Bakes a folder into a file that is gone when it is closed.
fn baked(path: &Path) -> Result<PackFile> {
    let file: File = tempfile::tempfile().context("a temporary file")?;
    let progress = Shown::new("baked");
    let options = bake::Options {
        quality: Quality::Fast,
        links: Links::Refuse,
        preload: Preload::Off,
        cache: None,
        keep: None,
        progress: Some(&progress),
    };
    bake(path, &options, BufWriter::new(&file))?;
    PackFile::of(file)
}
