//! How far a long command is: a bar on a terminal, a line now and then elsewhere.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::bake::Progress;

/// The time between two lines.
const BETWEEN_LINES: Duration = Duration::from_secs(5);

/// Shows on standard error how far a command is.
pub(crate) struct Shown {
    bar: ProgressBar,
    plain: bool,
    /// What happens to the files.
    verb: &'static str,
    files: AtomicU64,
    all_files: AtomicU64,
    last_line: Mutex<Instant>,
}

impl Shown {
    /// Shows how many files were `verb` (baked, checked).
    pub(crate) fn new(verb: &'static str) -> Self {
        let plain = !std::io::stderr().is_terminal();
        let target = if plain { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr_with_hz(10) };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        let template = "{bar:24} {msg} files, {decimal_bytes} of {decimal_total_bytes}, {eta} left";
        // A template is either always right or never.
        bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        let (files, all_files) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { bar, plain, verb, files, all_files, last_line: Mutex::new(Instant::now()) }
    }

    fn line(&self, counts: &str) {
        let Ok(mut last) = self.last_line.lock() else { return };
        if last.elapsed() >= BETWEEN_LINES {
            *last = Instant::now();
            log::info!("{} {counts} files", self.verb);
        }
    }
}

impl Progress for Shown {
    fn start(&self, files: usize, bytes: u64) {
        self.all_files.store(files as u64, Ordering::Relaxed);
        self.bar.set_length(bytes);
    }

    fn advance(&self, bytes: u64) {
        let files = self.files.fetch_add(1, Ordering::Relaxed) + 1;
        let counts = || format!("{} of {}", HumanCount(files), HumanCount(self.all_files.load(Ordering::Relaxed)));
        if self.plain {
            self.line(&counts());
        } else {
            self.bar.set_message(counts());
            self.bar.inc(bytes);
        }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
