//! The embedded carrier: the pack that the build script baked, compiled in by rust-embed.

use std::borrow::Cow;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use bytes::Bytes;

use crate::bake::DistRecord;
use crate::pack::Pack;

#[derive(rust_embed::RustEmbed)]
#[folder = "$OUT_DIR/baked"]
struct Baked;

/// Opens the embedded pack in place.
///
/// # Errors
/// A damaged executable, and, beside the build's own record only, a site that is no longer what the folder holds.
pub(crate) fn open() -> Result<Pack> {
    let file = Baked::get("site.pack").context("the executable carries no site; build it again")?;
    let bytes = match file.data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    };
    let pack = Pack::open(bytes).context("the embedded site is damaged; build the executable again")?;
    refuse_outdated(&pack)?;
    Ok(pack)
}

/// Cargo notices a changed folder by newer modification times only. A tree that was swapped in with old ones (by
/// `cp -a`, from an archive) is noticed here: while the executable lies where it was built, beside the record of
/// what it was built from, it refuses to serve another site than that folder's.
fn refuse_outdated(pack: &Pack) -> Result<()> {
    let Some(path) = record_path() else { return Ok(()) };
    let Some(record) = DistRecord::read(&path) else { return Ok(()) };
    if record.is_current() || record.holds(pack) {
        return Ok(());
    }
    // Cargo builds again what lacks a file that it depends on.
    let _ = std::fs::remove_file(path);
    bail!(
        "the embedded site is not what {} holds: its files changed without newer modification times, so cargo did not \
         notice; run the same cargo command again",
        record.folder().display()
    )
}

fn record_path() -> Option<PathBuf> {
    Some(std::env::current_exe().ok()?.parent()?.join(DistRecord::NAME))
}
