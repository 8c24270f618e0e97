//! `site extract`: a site's files as they were before they were baked.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use indicatif::{DecimalBytes, HumanCount};

use super::interrupt::Unfinished;
use super::output::folder;
use super::print;
use super::source;
use crate::cli::Extract;
use crate::pack::AssetRecord;
use crate::packfile::PackFile;
use crate::rule::decode_policy_files;

/// Writes a site's files to a folder that appears when it is whole.
///
/// # Errors
/// A site that can't be read or is damaged, names that would leave the folder, a folder that can't be made; then
/// there is none.
pub(crate) fn extract(flags: Extract) -> Result<()> {
    let from = source::open(flags.from.as_deref())?;
    let output_flag = || format!("--output {}", flags.output.display());
    refuse_occupied(&flags.output).with_context(output_flag)?;
    let unfinished = Unfinished::watch().context("listening for signals")?;
    let parent = folder(&flags.output);
    let temporary = tempfile::Builder::new().prefix(".site-extract.").suffix(".unfinished").tempdir_in(parent);
    let temporary = temporary
        .with_context(|| format!("the folder {} can't be written to", parent.display()))
        .with_context(output_flag)?;
    unfinished.set(temporary.path());
    let (files, bytes) = write_all(&from, temporary.path())?;
    unfinished
        .finish(|| -> Result<()> {
            fs::set_permissions(temporary.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
            fs::rename(temporary.path(), &flags.output)?;
            // It has gone to its place.
            drop(temporary.keep());
            Ok(())
        })
        .with_context(output_flag)?;
    print(&format!("{}: {} files, {}\n", flags.output.display(), HumanCount(files), DecimalBytes(bytes)))
}

/// Only a new or an empty folder holds nothing but the site afterwards, and no link that leads elsewhere.
fn refuse_occupied(output: &Path) -> Result<()> {
    match fs::symlink_metadata(output) {
        Err(_) => Ok(()),
        Ok(metadata) if metadata.is_dir() => {
            ensure!(fs::read_dir(output)?.next().is_none(), "the folder is not empty; name a new one");
            Ok(())
        }
        Ok(_) => bail!("this is not a folder; name a new one"),
    }
}

fn write_all(from: &PackFile, folder: &Path) -> Result<(u64, u64)> {
    let (mut files, mut bytes) = (0, 0);
    for position in 0..from.pack.len() {
        let asset = from.pack.asset(position).context("the index is damaged")?;
        if asset.flags.is_retired() {
            continue;
        }
        let path = String::from_utf8_lossy(asset.path);
        let written = target(folder, asset.path).and_then(|target| write(from, &asset, &target));
        bytes += written.with_context(|| path.escape_debug().to_string())?;
        files += 1;
    }
    for (name, text) in decode_policy_files(&from.pack.policy().policy_files) {
        let written =
            target(folder, name.as_bytes()).and_then(|target| Ok(write_new(&target)?.write_all(text.as_bytes())?));
        written.with_context(|| name.escape_debug().to_string())?;
        bytes += text.len() as u64;
        files += 1;
    }
    Ok((files, bytes))
}

/// Where the asset goes.
fn target(folder: &Path, path: &[u8]) -> Result<PathBuf> {
    let path = Path::new(std::str::from_utf8(path).context("the name is not UTF-8")?);
    let inside = path.components().all(|component| matches!(component, Component::Normal(_)));
    ensure!(
        inside && path.components().next().is_some(),
        "the name would leave the folder; the pack is not to be trusted"
    );
    Ok(folder.join(path))
}

fn write(from: &PackFile, asset: &AssetRecord<'_>, target: &Path) -> Result<u64> {
    let identity = from.identity(asset).context("the index is damaged")?;
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut file = write_new(target)?;
    from.stream(&identity, |chunk| file.write_all(chunk))?;
    Ok(identity.length)
}

fn write_new(target: &Path) -> std::io::Result<File> {
    File::options().write(true).create_new(true).open(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_leave_the_folder_are_refused() {
        for path in ["../x", "a/../../x", "/etc/passwd", "", "..", "."] {
            assert!(target(Path::new("/tmp/out"), path.as_bytes()).is_err(), "{path}");
        }
        assert!(target(Path::new("/tmp/out"), b"\xff").is_err());
        assert_eq!(target(Path::new("/tmp/out"), b"a/b c.html").unwrap(), Path::new("/tmp/out/a/b c.html"));
    }
}
