//! `site bundle`: a folder becomes an executable, without a compiler.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use indicatif::{DecimalBytes, HumanCount};

use super::base::Base;
use super::output::{NewFile, folder};
use super::print;
use super::progress::Shown;
use crate::bake::keep::Keep;
use crate::bake::{self, Folder, Links, abridge, bake};
use crate::cli::Bundle;
use crate::inventory::{Entry, Inventory};
use crate::pack::{FOOTER_LEN, Footer};
use crate::packfile::{PackFile, length};

/// Files that the summary names.
const LARGEST: usize = 5;

/// Makes an executable that serves a folder's files.
///
/// # Errors
/// Whatever keeps the bundle from being made; then the output is as it was before.
pub(crate) fn bundle(flags: Bundle) -> Result<()> {
    let start = Instant::now();
    let links = if flags.follow_links { Links::Follow } else { Links::Refuse };
    let base = Base::open(flags.base.as_deref())?;
    refuse_inside(&flags.output, Folder::open(&flags.dir, links)?.root())?;
    let output_flag = || format!("--output {}", flags.output.display());
    let output = NewFile::create(&flags.output).with_context(output_flag)?;
    base.copy(output.file()).with_context(output_flag)?;
    let keep = Keep::open(&flags.keep_from, flags.keep_releases, flags.keep_bytes).context("--keep-from")?;
    let progress = Shown::new("baked");
    let options = bake::Options {
        quality: flags.quality.into(),
        links,
        preload: flags.preload.into(),
        cache: None,
        keep: Some(&keep),
        progress: Some(&progress),
    };
    let out = BufWriter::with_capacity(1 << 20, Flagged { file: output.file(), flag: output_flag() });
    let (_, summary) = bake(&flags.dir, &options, out)?;
    drop(progress);
    for notice in abridge(summary.notices) {
        log::warn!("{}: {notice}", flags.dir.display());
    }
    let bundled = mark(output.file(), &base).with_context(output_flag)?;
    output.finish(0o755).with_context(output_flag)?;
    print(&report(&flags.output, &bundled, start))
}

/// A bundle inside the folder would be baked into the next one.
fn refuse_inside(output: &Path, root: &Path) -> Result<()> {
    let folder = fs::canonicalize(folder(output));
    if folder.is_ok_and(|folder| folder.starts_with(root)) {
        bail!(
            "--output {}: this is inside the folder {}, so the next bundle would hold it; name a file elsewhere",
            output.display(),
            root.display()
        );
    }
    Ok(())
}

/// Tells the program which pack follows it, and opens the result as every reader will.
fn mark(file: &File, base: &Base) -> Result<PackFile> {
    let mut footer = [0; FOOTER_LEN];
    file.read_exact_at(&mut footer, length(file)?.saturating_sub(FOOTER_LEN as u64))?;
    let marker = Base::marker(Footer::read(&footer)?.identity());
    file.write_all_at(&marker.to_bytes(), base.marker_at)?;
    PackFile::of(file.try_clone()?)
}

/// A file whose errors name the flag that names the file.
struct Flagged<'a> {
    file: &'a File,
    flag: String,
}

impl io::Write for Flagged<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", self.flag)))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// What was made, for people.
fn report(output: &Path, bundled: &PackFile, start: Instant) -> String {
    let inventory = Inventory::of(&bundled.pack);
    let totals = &inventory.totals;
    let mut text = format!(
        "{}: {} files, {} (br {}, gzip {}), pack {}, in {:.1} s\n",
        output.display(),
        HumanCount(totals.files as u64),
        DecimalBytes(totals.bytes),
        DecimalBytes(totals.br),
        DecimalBytes(totals.gzip),
        bundled.pack.hash(),
        start.elapsed().as_secs_f32(),
    );
    if totals.kept_files > 0 {
        let (files, bytes) = (HumanCount(totals.kept_files as u64), DecimalBytes(totals.kept_bytes));
        text += &format!("kept from earlier releases: {files} assets, {bytes}\n");
    }
    text += "largest files:\n";
    let mut largest: Vec<&Entry> = inventory.current().collect();
    largest.sort_by_key(|entry| std::cmp::Reverse(entry.size));
    for entry in largest.into_iter().take(LARGEST) {
        let size = |bytes: u64| DecimalBytes(bytes).to_string();
        let smaller = entry.br.or(entry.gzip).map_or_else(String::new, |sent| format!(" (compressed {})", size(sent)));
        text += &format!("  {:>10}  {}{smaller}\n", size(entry.size), entry.path.escape_debug());
    }
    text
}
