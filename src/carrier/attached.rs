//! The attached carrier: the pack that `site bundle` put at the end of this executable.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use memmap2::{Mmap, MmapOptions};

use crate::pack::{Pack, PackError};
use crate::packfile::{self, MARKER_LEN, Marker, NOT_ITS_PACK};

/// This executable's marker. `site bundle` writes to its bytes in the copy that it makes.
///
/// `used` and the atomics keep the compiler from reading the value now: it must take any value as possible.
#[used]
static MARKER: [AtomicU64; MARKER_LEN / 8] = {
    let bytes = Marker::UNBUNDLED.to_bytes();
    [word(&bytes, 0), word(&bytes, 1), word(&bytes, 2), word(&bytes, 3), word(&bytes, 4), word(&bytes, 5)]
};

const fn word(bytes: &[u8; MARKER_LEN], number: usize) -> AtomicU64 {
    let (_, rest) = bytes.split_at(number * 8);
    match rest.first_chunk() {
        Some(word) => AtomicU64::new(u64::from_ne_bytes(*word)),
        None => panic!("a marker has six words"),
    }
}

fn marker() -> Option<Marker> {
    let mut bytes = [0; MARKER_LEN];
    for (target, word) in bytes.chunks_exact_mut(8).zip(&MARKER) {
        target.copy_from_slice(&word.load(Ordering::Relaxed).to_ne_bytes());
    }
    Marker::from_bytes(&bytes)
}

/// Opens the attached pack in place; nothing if this executable was not bundled.
///
/// # Errors
/// An executable that was bundled and does not end with that very pack.
pub(crate) fn open() -> Result<Option<Pack>> {
    let marker = marker().context("the executable is damaged (its marker is); copy it again")?;
    let Some(expected) = marker.pack else { return Ok(None) };
    let file = executable().context("the executable can't be opened to read the site at its end")?;
    let length = packfile::length(&file)?;
    let opened = || -> Result<Pack> {
        let start = length.checked_sub(expected.length);
        let start = start.ok_or(PackError::Length { expected: expected.length, found: length })?;
        let pack = Pack::open(Bytes::from_owner(map(&file, start, expected.length)?))?;
        ensure!(pack.identity() == expected, "there is another pack at the end");
        Ok(pack)
    };
    let pack = opened().context(NOT_ITS_PACK)?;
    Ok(Some(pack))
}

#[allow(unsafe_code)]
fn map(file: &File, start: u64, length: u64) -> Result<Mmap> {
    let length = usize::try_from(length).context("the site is too large for this processor")?;
    // SAFETY: the file is this running executable, and Linux refuses to open one for writing or truncation (ETXTBSY;
    // execve(2)): what is mapped never changes. Replacing it by a rename leaves this file as it is.
    let map = unsafe { MmapOptions::new().offset(start).len(length).map(file) }?;
    // Otherwise one look at the index may make 2 MB of it resident. Kernels without huge pages refuse: all the better.
    #[cfg(target_os = "linux")]
    let _ = map.advise(memmap2::Advice::NoHugePage);
    Ok(map)
}

/// Opens the file that this process runs.
#[cfg(target_os = "linux")]
pub(crate) fn executable() -> io::Result<File> {
    // The link leads to the file that runs, even if its name has gone to another one since.
    File::open("/proc/self/exe").or_else(|_| {
        // In a root folder without /proc: the name by which the kernel found the file.
        use std::os::unix::ffi::OsStrExt;
        File::open(std::ffi::OsStr::from_bytes(rustix::param::linux_execfn().to_bytes()))
    })
}

/// Opens the file that this process runs.
#[cfg(not(target_os = "linux"))]
pub(crate) fn executable() -> io::Result<File> {
    File::open(std::env::current_exe()?)
}
