//! `site image`: a container image of an executable, without a container tool.

use std::env;
use std::io::BufWriter;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use indicatif::DecimalBytes;

use super::output::NewFile;
use super::print;
use crate::carrier;
use crate::cli::Image;
use crate::image::{self, Contents, Description};
use crate::packfile::{Executable, PackFile};

/// The time of an image unless SOURCE_DATE_EPOCH says another: the first of 1980, when archives' clocks begin.
const FIXED_TIME: u64 = 315_532_800;

/// Writes a container image of an executable.
///
/// # Errors
/// An executable that is damaged or not `site`, and a file that can't be written; then there is none.
pub(crate) fn image(flags: Image) -> Result<()> {
    let from = open(flags.from.as_deref())?;
    let Some(executable) = from.executable else { bail!("a pack alone can't be started; name a site executable") };
    let platform = platform(&executable)?;
    if let Some(wanted) = &flags.platform {
        ensure!(
            *wanted == platform || platform.starts_with(&format!("{wanted}/")),
            "--platform {wanted}: the executable is for {platform}; bundle with a --base for {wanted}"
        );
    }
    if executable.dynamic {
        log::warn!(
            "the executable is dynamically linked, so an image of it alone can't start; take one that is static \
             (RUSTFLAGS='-C target-feature=+crt-static', with --target)"
        );
    }
    let description = Description { reference: flags.tag.clone(), seconds: seconds()?, labels: flags.label };
    let output_flag = || format!("--output {}", flags.output.display());
    let output = NewFile::create(&flags.output).with_context(output_flag)?;
    let contents = Contents { file: from.file(), length: from.length()?, executable };
    let out = BufWriter::with_capacity(1 << 20, output.file());
    image::write(&contents, &description, flags.format.into(), out).with_context(output_flag)?;
    let length = output.file().metadata()?.len();
    output.finish(0o644).with_context(output_flag)?;
    let size = DecimalBytes(length);
    print(&format!("{}: {} for {platform}, pack {}, {size}\n", flags.output.display(), flags.tag, from.pack.hash()))
}

/// Opens an executable and checks all of its site: an image of a damaged one would be found out too late.
fn open(path: Option<&Path>) -> Result<PackFile> {
    let name = path.map_or_else(|| "this executable".to_owned(), |path| format!("--from {}", path.display()));
    let opened = match path {
        Some(path) => std::fs::File::open(path).map_err(anyhow::Error::from).and_then(PackFile::of),
        None => carrier::executable().map_err(anyhow::Error::from).and_then(PackFile::of),
    };
    let opened = opened.with_context(|| name.clone())?;
    match opened.damaged(|_| ()).into_iter().next() {
        Some(first) => Err(first.problem.context(format!("{name}: {} in {}", first.path, first.coding.token()))),
        None => Ok(opened),
    }
}

/// The platform as container tools write it.
fn platform(executable: &Executable) -> Result<String> {
    let (architecture, variant) = executable.architecture().context("no container platform has this processor")?;
    Ok(format!("linux/{architecture}{}", variant.map_or_else(String::new, |variant| format!("/{variant}"))))
}

fn seconds() -> Result<u64> {
    match env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => text.parse().with_context(|| format!("SOURCE_DATE_EPOCH={text}: not a number of seconds")),
        Err(_) => Ok(FIXED_TIME),
    }
}
