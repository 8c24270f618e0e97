//! The lines that a running server writes to standard error, collected by a thread of their own.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

use super::{LONG_PATIENCE, PATIENCE};

#[derive(Default)]
struct Lines {
    lines: Vec<String>,
    ended: bool,
}

#[derive(Default)]
pub(crate) struct Log {
    state: Mutex<Lines>,
    news: Condvar,
}

impl Log {
    /// Collects the lines of a stream until it ends.
    pub(crate) fn collect(stream: impl Read + Send + 'static) -> Arc<Self> {
        let log = Arc::new(Self::default());
        let shared = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                shared.state.lock().unwrap().lines.push(String::from_utf8_lossy(&line).into_owned());
                shared.news.notify_all();
            }
            shared.state.lock().unwrap().ended = true;
            shared.news.notify_all();
        });
        log
    }

    /// The lines so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.state.lock().unwrap().lines.clone()
    }

    /// Waits for a line that `wanted` accepts: the first such line, `None` when the stream ends or stays silent.
    pub(crate) fn wait_for(&self, wanted: impl Fn(&str) -> bool) -> Option<String> {
        let deadline = Instant::now() + LONG_PATIENCE;
        let mut seen = 0;
        let mut state = self.state.lock().unwrap();
        loop {
            if let Some(line) = state.lines[seen..].iter().find(|line| wanted(line)) {
                return Some(line.clone());
            }
            seen = state.lines.len();
            let left = deadline.checked_duration_since(Instant::now())?;
            if state.ended {
                return None;
            }
            state = self.news.wait_timeout(state, left).unwrap().0;
        }
    }

    /// Waits for the end of the stream: all its lines.
    pub(crate) fn to_end(&self) -> Vec<String> {
        let waiting = self.news.wait_timeout_while(self.state.lock().unwrap(), PATIENCE, |state| !state.ended);
        let (state, timeout) = waiting.unwrap();
        assert!(!timeout.timed_out(), "standard error never ended");
        state.lines.clone()
    }
}
