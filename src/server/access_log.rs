//! The access log: one line per response, written by a thread of its own so that serving never waits for it.

mod combined;
mod entry;
mod json;
mod output;

use std::cell::RefCell;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use super::reloads::Reloads;
pub(crate) use entry::Entry;
pub(crate) use output::Output;

/// Bytes that may wait to be written; a line that does not fit is dropped and counted.
const CAPACITY: usize = 4 << 20;

/// Bytes that are worth a write of their own.
const BATCH: usize = 64 << 10;

/// How long a line may wait for others to be written with.
const DELAY: Duration = Duration::from_millis(50);

/// What a line looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Combined,
    Json,
}

#[derive(Default)]
struct Buffer {
    lines: Vec<u8>,
    /// Lines that were not taken, in all and since the writer last looked.
    dropped: u64,
    dropped_lately: u64,
    /// The file is to be opened again.
    reopen: bool,
    closed: bool,
    /// Everything is written.
    finished: bool,
}

struct Shared {
    format: Format,
    buffer: Mutex<Buffer>,
    /// There are lines, a batch is full, or the log was to be reopened, closed or finished.
    changed: Condvar,
    reloads: Reloads,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Buffer> {
        self.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end of the log that takes lines. Cloning shares the log.
#[derive(Clone)]
pub(crate) struct AccessLog {
    shared: Arc<Shared>,
}

/// The end of the log that writes them.
pub(crate) struct AccessLogWriter {
    shared: Arc<Shared>,
}

/// Starts the writing thread.
///
/// # Errors
/// A thread that can't be started.
pub(crate) fn start(format: Format, out: Output) -> std::io::Result<(AccessLog, AccessLogWriter)> {
    let shared =
        Arc::new(Shared { format, buffer: Mutex::default(), changed: Condvar::new(), reloads: Reloads::default() });
    let writing = Arc::clone(&shared);
    std::thread::Builder::new().name("access log".into()).spawn(move || write_lines(&writing, out))?;
    Ok((AccessLog { shared: Arc::clone(&shared) }, AccessLogWriter { shared }))
}

impl AccessLog {
    /// Adds a line.
    pub(crate) fn log(&self, entry: &Entry<'_>) {
        thread_local! {
            static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
        }
        LINE.with_borrow_mut(|line| {
            line.clear();
            match self.shared.format {
                Format::Combined => combined::write(line, entry, SystemTime::now()),
                Format::Json => json::write(line, entry, SystemTime::now()),
            }
            self.add(line);
        });
    }

    fn add(&self, line: &[u8]) {
        let mut buffer = self.shared.lock();
        if buffer.lines.len() + line.len() > CAPACITY {
            buffer.dropped += 1;
            buffer.dropped_lately += 1;
            return;
        }
        let before = buffer.lines.len();
        buffer.lines.extend_from_slice(line);
        // The writer sleeps before the first line and, while a batch fills, until it is full or the delay is over.
        if before == 0 || (before < BATCH && buffer.lines.len() >= BATCH) {
            self.shared.changed.notify_one();
        }
    }

    /// Has the file opened again by its name, which another file has by now. Lines from before go to the old one.
    pub(crate) fn reopen(&self) {
        self.shared.lock().reopen = true;
        self.shared.changed.notify_all();
    }

    /// Lines that were dropped since the start.
    pub(crate) fn dropped(&self) -> u64 {
        self.shared.lock().dropped
    }

    pub(crate) fn reloads(&self) -> &Reloads {
        &self.shared.reloads
    }
}

impl AccessLogWriter {
    /// Writes what is left; a target that takes nothing is given up after `limit`.
    pub(crate) fn close(self, limit: Duration) {
        let mut buffer = self.shared.lock();
        buffer.closed = true;
        self.shared.changed.notify_all();
        drop(self.shared.changed.wait_timeout_while(buffer, limit, |buffer| !buffer.finished));
    }
}

fn write_lines(shared: &Shared, mut out: Output) {
    let mut batch = Vec::new();
    loop {
        let mut buffer = shared.lock();
        while buffer.lines.is_empty() && !buffer.closed && !buffer.reopen {
            buffer = shared.changed.wait(buffer).unwrap_or_else(PoisonError::into_inner);
        }
        if buffer.lines.len() < BATCH && !buffer.closed && !buffer.reopen {
            let fills = |b: &mut Buffer| b.lines.len() < BATCH && !b.closed && !b.reopen;
            let waited = shared.changed.wait_timeout_while(buffer, DELAY, fills);
            buffer = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        std::mem::swap(&mut buffer.lines, &mut batch);
        let (dropped, closed) = (std::mem::take(&mut buffer.dropped_lately), buffer.closed);
        let reopen = std::mem::take(&mut buffer.reopen);
        drop(buffer);
        if let Err(error) = out.write(&batch) {
            log::warn!("access log: {} bytes lost ({error})", batch.len());
        }
        if dropped > 0 {
            log::warn!("access log: {dropped} lines dropped, as they came faster than they could be written");
        }
        if reopen {
            out.reopen(&shared.reloads);
        }
        batch.clear();
        batch.shrink_to(BATCH * 2);
        let mut buffer = shared.lock();
        if closed && buffer.lines.is_empty() {
            buffer.finished = true;
            shared.changed.notify_all();
            return;
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Write;

    use super::*;

    /// An entry of an ordinary request.
    pub(super) fn example() -> Entry<'static> {
        Entry {
            client: Some([127, 0, 0, 1].into()),
            peer: Some([127, 0, 0, 1].into()),
            method: Some(b"GET"),
            target: Some(b"/"),
            protocol: Some("HTTP/1.1"),
            host: Some(b"site.test"),
            status: 200,
            bytes: 1234,
            coding: None,
            referer: None,
            user_agent: None,
            duration: Duration::from_micros(57),
        }
    }

    /// A writer that blocks until it is released.
    struct Blocked(Arc<Mutex<()>>, Arc<Mutex<Vec<u8>>>);

    impl Write for Blocked {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let _released = self.0.lock().unwrap();
            self.1.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn closing_writes_every_line() {
        let (gate, written) = (Arc::default(), Arc::default());
        let (log, writer) = start(Format::Combined, Output::to(Blocked(gate, Arc::clone(&written)))).unwrap();
        for _ in 0..10_000 {
            log.log(&example());
        }
        writer.close(Duration::from_secs(60));
        assert_eq!(written.lock().unwrap().iter().filter(|b| **b == b'\n').count(), 10_000);
    }

    #[test]
    fn a_blocked_target_drops_lines_instead_of_blocking_the_caller() {
        let (gate, written): (Arc<Mutex<()>>, Arc<Mutex<Vec<u8>>>) = (Arc::default(), Arc::default());
        let (log, writer) =
            start(Format::Combined, Output::to(Blocked(Arc::clone(&gate), Arc::clone(&written)))).unwrap();
        let held = gate.lock().unwrap();
        let line = vec![b'x'; 1000];
        for _ in 0..3 * CAPACITY / 1000 {
            log.log(&Entry { target: Some(&line), ..example() });
        }
        assert!(log.shared.lock().dropped > 0);
        drop(held);
        writer.close(Duration::from_secs(60));
        assert!(written.lock().unwrap().len() > CAPACITY / 2);
    }
}
