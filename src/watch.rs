//! Watching files and folders: when something has changed, and has stopped changing.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};

/// A change is over when nothing happened for this long.
const QUIET: Duration = Duration::from_millis(50);

/// A folder that never becomes quiet is looked at after this long.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often a folder that can't be watched is looked at.
const POLL: Duration = Duration::from_secs(2);

/// What ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Something changed, or may have.
    Seen,
    /// Nothing can be seen any more.
    Ended,
}

/// Watched files and folders.
pub(crate) struct Watch {
    sender: Sender<()>,
    events: Receiver<()>,
    /// Absent if the system refused: then the folder is looked at regularly.
    watcher: Option<RecommendedWatcher>,
}

impl Watch {
    pub(crate) fn new(paths: &[PathBuf]) -> Self {
        let (sender, events) = channel();
        let mut watch = Self { sender, events, watcher: None };
        watch.renew(paths);
        watch
    }

    /// Watches what has these names now, and the folders that the names are in: another file or folder, or another
    /// link, may take the name.
    pub(crate) fn renew(&mut self, paths: &[PathBuf]) {
        let sender = self.sender.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if !event.is_ok_and(|event| event.kind.is_access()) {
                let _ = sender.send(());
            }
        });
        let watched = watcher.and_then(|mut watcher| {
            for path in paths {
                watcher.watch(path, RecursiveMode::Recursive)?;
                for parent in parents(path) {
                    // Only a convenience: not every parent may be read.
                    let _ = watcher.watch(&parent, RecursiveMode::NonRecursive);
                }
            }
            Ok(watcher)
        });
        match watched {
            Ok(watcher) => self.watcher = Some(watcher),
            Err(error) => {
                if self.watcher.take().is_some() || self.events.try_recv().is_err() {
                    log::warn!(
                        "{}: can't be watched ({error}); it is looked at every {} s",
                        paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", "),
                        POLL.as_secs()
                    );
                }
            }
        }
    }

    /// Something has changed since the last wait.
    pub(crate) fn has_change(&self) -> bool {
        match self.events.try_recv() {
            Ok(()) => {
                let _ = self.sender.send(());
                true
            }
            Err(_) => false,
        }
    }

    /// Waits for a change, and then until nothing more changes.
    pub(crate) fn wait(&self) -> Change {
        let first = match self.watcher {
            Some(_) => self.events.recv().map_err(|_| RecvTimeoutError::Disconnected),
            None => self.events.recv_timeout(POLL),
        };
        match first {
            Ok(()) => {}
            Err(RecvTimeoutError::Timeout) => return Change::Seen,
            Err(RecvTimeoutError::Disconnected) => return Change::Ended,
        }
        let start = Instant::now();
        while start.elapsed() < PATIENCE && self.events.recv_timeout(QUIET).is_ok() {}
        Change::Seen
    }
}

/// The folders that hold a name and what it leads to.
fn parents(path: &Path) -> impl Iterator<Item = PathBuf> {
    let names = [std::path::absolute(path).ok(), std::fs::canonicalize(path).ok()];
    names.into_iter().flatten().filter_map(|name| Some(name.parent()?.to_owned()))
}
