//! The access log: one line per response, written by a thread of its own so that serving never waits for it.

use std::cell::RefCell;
use std::io::Write;
use std::net::IpAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// Bytes that may wait to be written; a line that does not fit is dropped and counted.
const CAPACITY: usize = 4 << 20;

/// Bytes that are worth a write of their own.
const BATCH: usize = 64 << 10;

/// How long a line may wait for others to be written with.
const DELAY: Duration = Duration::from_millis(50);

#[derive(Default)]
struct Buffer {
    lines: Vec<u8>,
    dropped: u64,
    closed: bool,
    /// Everything is written.
    finished: bool,
}

struct Shared {
    buffer: Mutex<Buffer>,
    /// There are lines, a batch is full, or the log was closed or finished.
    changed: Condvar,
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

/// What one line tells.
pub(crate) struct Entry<'a> {
    pub(crate) client: Option<IpAddr>,
    pub(crate) method: &'a [u8],
    pub(crate) target: &'a [u8],
    pub(crate) version: &'static str,
    pub(crate) status: u16,
    /// Bytes of content that were sent.
    pub(crate) bytes: u64,
    pub(crate) referer: Option<&'a [u8]>,
    pub(crate) user_agent: Option<&'a [u8]>,
    pub(crate) duration: Duration,
}

/// Starts the writing thread.
///
/// # Errors
/// A thread that can't be started.
pub(crate) fn start(out: impl Write + Send + 'static) -> std::io::Result<(AccessLog, AccessLogWriter)> {
    let shared = Arc::new(Shared { buffer: Mutex::default(), changed: Condvar::new() });
    let writing = Arc::clone(&shared);
    std::thread::Builder::new().name("access log".into()).spawn(move || write_lines(&writing, out))?;
    Ok((AccessLog { shared: Arc::clone(&shared) }, AccessLogWriter { shared }))
}

impl AccessLog {
    /// Adds a line: the combined log format, and the duration in microseconds.
    pub(crate) fn log(&self, entry: &Entry<'_>) {
        thread_local! {
            static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
        }
        LINE.with_borrow_mut(|line| {
            line.clear();
            write_entry(line, entry, SystemTime::now());
            self.add(line);
        });
    }

    fn add(&self, line: &[u8]) {
        let mut buffer = self.shared.lock();
        if buffer.lines.len() + line.len() > CAPACITY {
            buffer.dropped += 1;
            return;
        }
        let before = buffer.lines.len();
        buffer.lines.extend_from_slice(line);
        // The writer sleeps before the first line and, while a batch fills, until it is full or the delay is over.
        if before == 0 || (before < BATCH && buffer.lines.len() >= BATCH) {
            self.shared.changed.notify_one();
        }
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

fn write_lines(shared: &Shared, mut out: impl Write) {
    let mut batch = Vec::new();
    loop {
        let mut buffer = shared.lock();
        while buffer.lines.is_empty() && !buffer.closed {
            buffer = shared.changed.wait(buffer).unwrap_or_else(PoisonError::into_inner);
        }
        if buffer.lines.len() < BATCH && !buffer.closed {
            let waited = shared.changed.wait_timeout_while(buffer, DELAY, |b| b.lines.len() < BATCH && !b.closed);
            buffer = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        std::mem::swap(&mut buffer.lines, &mut batch);
        let (dropped, closed) = (std::mem::take(&mut buffer.dropped), buffer.closed);
        drop(buffer);
        if let Err(error) = out.write_all(&batch).and_then(|()| out.flush()) {
            log::warn!("access log: {} bytes lost ({error})", batch.len());
        }
        if dropped > 0 {
            log::warn!("access log: {dropped} lines dropped, as they came faster than they could be written");
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

fn write_entry(line: &mut Vec<u8>, entry: &Entry<'_>, now: SystemTime) {
    match entry.client {
        Some(client) => put(line, format_args!("{client} - - [")),
        None => put(line, format_args!("- - - [")),
    }
    write_date(line, now);
    line.extend_from_slice(b"] \"");
    escape(line, entry.method);
    line.push(b' ');
    escape(line, entry.target);
    put(line, format_args!(" {}\" {} ", entry.version, entry.status));
    match entry.bytes {
        0 => line.push(b'-'),
        bytes => put(line, format_args!("{bytes}")),
    }
    for header in [entry.referer, entry.user_agent] {
        line.extend_from_slice(b" \"");
        escape(line, header.unwrap_or(b"-"));
        line.push(b'"');
    }
    put(line, format_args!(" {}\n", entry.duration.as_micros()));
}

fn put(line: &mut Vec<u8>, arguments: std::fmt::Arguments<'_>) {
    // Writing to a Vec can't fail.
    let _ = line.write_fmt(arguments);
}

/// Writes `23/Nov/2026:01:03:17 +0000`, formatted once per second and thread.
fn write_date(line: &mut Vec<u8>, now: SystemTime) {
    thread_local! {
        static DATE: RefCell<(i64, String)> = const { RefCell::new((-1, String::new())) };
    }
    let second = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64);
    DATE.with_borrow_mut(|(cached, text)| {
        if *cached != second {
            *cached = second;
            *text = date(second);
        }
        line.extend_from_slice(text.as_bytes());
    });
}

fn date(second: i64) -> String {
    let date = time::OffsetDateTime::from_unix_timestamp(second).unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
    let month = &date.month().to_string()[..3];
    let (hour, minute, second) = date.to_hms();
    format!("{:02}/{month}/{:04}:{hour:02}:{minute:02}:{second:02} +0000", date.day(), date.year())
}

/// Escapes what could end a field, a line, or speak to a terminal, as Apache does.
fn escape(line: &mut Vec<u8>, text: &[u8]) {
    for &byte in text {
        match byte {
            b'"' | b'\\' => line.extend_from_slice(&[b'\\', byte]),
            b' '..=b'~' => line.push(byte),
            _ => put(line, format_args!("\\x{byte:02x}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry<'a>(target: &'a [u8], user_agent: Option<&'a [u8]>) -> Entry<'a> {
        Entry {
            client: Some([127, 0, 0, 1].into()),
            method: b"GET",
            target,
            version: "HTTP/1.1",
            status: 200,
            bytes: 1234,
            referer: None,
            user_agent,
            duration: Duration::from_micros(57),
        }
    }

    #[test]
    fn a_line_has_the_combined_format_and_no_control_characters() {
        let mut line = Vec::new();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_395_797);
        write_entry(&mut line, &entry(b"/x?\x1b[2J\n\"", Some(b"a\\b\xff")), time);
        let expected = "127.0.0.1 - - [23/Nov/2026:01:03:17 +0000] \"GET /x?\\x1b[2J\\x0a\\\" HTTP/1.1\" 200 1234 \
                        \"-\" \"a\\\\b\\xff\" 57\n";
        assert_eq!(String::from_utf8(line).unwrap(), expected);
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
        let (log, writer) = start(Blocked(gate, Arc::clone(&written))).unwrap();
        for _ in 0..10_000 {
            log.log(&entry(b"/", None));
        }
        writer.close(Duration::from_secs(60));
        assert_eq!(written.lock().unwrap().iter().filter(|b| **b == b'\n').count(), 10_000);
    }

    #[test]
    fn a_blocked_target_drops_lines_instead_of_blocking_the_caller() {
        let (gate, written): (Arc<Mutex<()>>, Arc<Mutex<Vec<u8>>>) = (Arc::default(), Arc::default());
        let (log, writer) = start(Blocked(Arc::clone(&gate), Arc::clone(&written))).unwrap();
        let held = gate.lock().unwrap();
        let line = vec![b'x'; 1000];
        for _ in 0..3 * CAPACITY / 1000 {
            log.log(&entry(&line, None));
        }
        assert!(log.shared.lock().dropped > 0);
        drop(held);
        writer.close(Duration::from_secs(60));
        assert!(written.lock().unwrap().len() > CAPACITY / 2);
    }
}
