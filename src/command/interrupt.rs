//! Signals during a command that writes: what is half done is removed.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::Signal;
use tokio::runtime;
use tokio::signal::unix::{Signal as Signals, SignalKind, signal};

/// A file or folder that is removed when SIGINT, SIGTERM or SIGHUP ends the process.
pub(crate) struct Unfinished {
    path: Arc<Mutex<Option<PathBuf>>>,
}

impl Unfinished {
    /// Starts to wait for signals.
    ///
    /// # Errors
    /// Signal handlers or a thread that can't be made.
    pub(crate) fn watch() -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
        let listen = |one: Signal| signal(SignalKind::from_raw(one.as_raw()));
        let guard = runtime.enter();
        let mut ends = [listen(Signal::INT)?, listen(Signal::TERM)?, listen(Signal::HUP)?];
        // Handled means: a file that grows past the limit on file sizes is an error, not the end of the process.
        let too_large = listen(Signal::XFSZ)?;
        drop(guard);
        let path = Arc::new(Mutex::new(None));
        let shared = Arc::clone(&path);
        let body = move || {
            let number = runtime.block_on(first(&mut ends));
            drop(too_large);
            // Locked until the end: nothing is given its name any more.
            let path = shared.lock().unwrap_or_else(PoisonError::into_inner);
            remove(path.as_deref());
            std::process::exit(128 + number);
        };
        std::thread::Builder::new().name("signals".into()).spawn(body)?;
        Ok(Self { path })
    }

    /// Names what to remove.
    pub(crate) fn set(&self, path: &Path) {
        *self.path.lock().unwrap_or_else(PoisonError::into_inner) = Some(path.to_owned());
    }

    /// Runs the step that finishes the file: a signal comes before it or after it.
    pub(crate) fn finish<T>(&self, step: impl FnOnce() -> T) -> T {
        let mut path = self.path.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = step();
        *path = None;
        outcome
    }
}

/// Waits for one of the signals: its number.
async fn first([interrupt, terminate, hangup]: &mut [Signals; 3]) -> i32 {
    tokio::select! {
        _ = interrupt.recv() => Signal::INT.as_raw(),
        _ = terminate.recv() => Signal::TERM.as_raw(),
        _ = hangup.recv() => Signal::HUP.as_raw(),
    }
}

fn remove(path: Option<&Path>) {
    let Some(path) = path else { return };
    // Nothing more can be done about what can't be removed.
    let _ = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
}
