//! The combined log format of Apache and nginx, and the duration in microseconds.

use std::cell::RefCell;
use std::io::Write;
use std::time::SystemTime;

use super::Entry;

/// Appends a line.
pub(super) fn write(line: &mut Vec<u8>, entry: &Entry<'_>, now: SystemTime) {
    match entry.client {
        Some(client) => put(line, format_args!("{client} - - [")),
        None => put(line, format_args!("- - - [")),
    }
    write_date(line, now);
    line.extend_from_slice(b"] \"");
    escape(line, entry.method.unwrap_or(b"-"));
    line.push(b' ');
    escape(line, entry.target.unwrap_or(b"-"));
    put(line, format_args!(" {}\" {} ", entry.protocol.unwrap_or("-"), entry.status));
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
    use std::time::Duration;

    use super::super::tests::example;
    use super::*;

    #[test]
    fn a_line_has_the_combined_format_and_no_control_characters() {
        let mut line = Vec::new();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_395_797);
        write(&mut line, &Entry { target: Some(b"/x?\x1b[2J\n\""), user_agent: Some(b"a\\b\xff"), ..example() }, time);
        let expected = "127.0.0.1 - - [23/Nov/2026:01:03:17 +0000] \"GET /x?\\x1b[2J\\x0a\\\" HTTP/1.1\" 200 1234 \
                        \"-\" \"a\\\\b\\xff\" 57\n";
        assert_eq!(String::from_utf8(line).unwrap(), expected);
    }
}
