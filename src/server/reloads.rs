//! Reloads: how often something was replaced while the process runs, and how often that failed.

use std::sync::atomic::{AtomicU64, Ordering};

/// The counts of one thing that can be replaced.
#[derive(Debug, Default)]
pub(crate) struct Reloads {
    succeeded: AtomicU64,
    failed: AtomicU64,
}

impl Reloads {
    /// A new one took the place of the old one.
    pub(crate) fn succeed(&self) {
        self.succeeded.fetch_add(1, Ordering::Relaxed);
    }

    /// The old one stays, as there is no valid new one.
    pub(crate) fn fail(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    /// Successes and failures.
    pub(crate) fn counts(&self) -> [u64; 2] {
        [self.succeeded.load(Ordering::Relaxed), self.failed.load(Ordering::Relaxed)]
    }
}
