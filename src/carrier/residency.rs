//! Resident memory: pages that were read once to be checked need not stay.

/// Tells the kernel that the pages wholly inside `bytes` are not needed at once.
///
/// `bytes` must be part of the executable or of a file mapped read-only: such pages come back from the page cache
/// when they are touched again.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
pub(crate) fn release(bytes: &[u8]) {
    use rustix::mm::{Advice, madvise};
    let page = rustix::param::page_size();
    let start = (bytes.as_ptr() as usize).next_multiple_of(page);
    let end = (bytes.as_ptr() as usize + bytes.len()) / page * page;
    if start < end {
        // SAFETY: the range lies inside `bytes`, whose pages are backed by a file and never written, so that
        // dropping them changes nothing that a program can see.
        let _ = unsafe { madvise(start as *mut _, end - start, Advice::LinuxDontNeed) };
    }
}

/// Elsewhere the kernel decides alone.
#[cfg(not(target_os = "linux"))]
pub(crate) fn release(_bytes: &[u8]) {}
