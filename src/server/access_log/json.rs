//! One JSON object per line. All of it is ASCII, so that no line can speak to a terminal.

use std::cell::RefCell;
use std::fmt;
use std::io::{self, Write};
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use serde::{Serialize, Serializer};
use serde_json::ser::Formatter;

use super::Entry;

/// The members of an object; those without a value are left out.
#[derive(Serialize)]
struct Object<'a> {
    #[serde(serialize_with = "timestamp")]
    time: SystemTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<&'static str>,
    status: u16,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    coding: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    referer: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<Text<'a>>,
    duration_us: u64,
}

/// What a client sent; bytes that are not UTF-8 become U+FFFD.
struct Text<'a>(&'a [u8]);

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&String::from_utf8_lossy(self.0))
    }
}

/// Appends a line.
pub(super) fn write(line: &mut Vec<u8>, entry: &Entry<'_>, now: SystemTime) {
    let object = Object {
        time: now,
        client: entry.client,
        peer: entry.peer.filter(|_| entry.peer != entry.client),
        method: entry.method.map(Text),
        host: entry.host.map(Text),
        target: entry.target.map(Text),
        protocol: entry.protocol,
        status: entry.status,
        bytes: entry.bytes,
        coding: entry.coding,
        referer: entry.referer.map(Text),
        user_agent: entry.user_agent.map(Text),
        duration_us: u64::try_from(entry.duration.as_micros()).unwrap_or(u64::MAX),
    };
    // Neither a Vec nor these members can fail.
    let _ = object.serialize(&mut serde_json::Serializer::with_formatter(&mut *line, Ascii));
    line.push(b'\n');
}

/// Escapes what is not visible ASCII, too.
struct Ascii;

impl Formatter for Ascii {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let is_plain = |byte: u8| matches!(byte, b' '..=b'~');
        if fragment.bytes().all(is_plain) {
            return writer.write_all(fragment.as_bytes());
        }
        for character in fragment.chars() {
            match u8::try_from(character) {
                Ok(byte) if is_plain(byte) => writer.write_all(&[byte])?,
                _ => character.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(writer, "\\u{unit:04x}"))?,
            }
        }
        Ok(())
    }
}

/// Writes `2026-11-23T01:03:17.000057Z` (RFC 3339); the seconds are formatted once per second and thread.
fn timestamp<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&Timestamp(*time))
}

struct Timestamp(SystemTime);

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        thread_local! {
            static SECOND: RefCell<(i64, String)> = const { RefCell::new((-1, String::new())) };
        }
        let since = self.0.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let second = since.as_secs() as i64;
        SECOND.with_borrow_mut(|(cached, text)| {
            if *cached != second {
                (*cached, *text) = (second, date(second));
            }
            write!(f, "{text}.{:06}Z", since.subsec_micros())
        })
    }
}

fn date(second: i64) -> String {
    let date = time::OffsetDateTime::from_unix_timestamp(second).unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
    let (hour, minute, second) = date.to_hms();
    format!("{:04}-{:02}-{:02}T{hour:02}:{minute:02}:{second:02}", date.year(), u8::from(date.month()), date.day())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::tests::example;
    use super::*;

    fn line(entry: &Entry<'_>) -> String {
        let mut line = Vec::new();
        write(&mut line, entry, SystemTime::UNIX_EPOCH + Duration::from_micros(1_795_395_797_000_042));
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn a_line_is_an_object_with_the_members_that_have_a_value() {
        let expected = "{\"time\":\"2026-11-23T01:03:17.000042Z\",\"client\":\"127.0.0.1\",\"method\":\"GET\",\
                        \"host\":\"site.test\",\"target\":\"/\",\"protocol\":\"HTTP/1.1\",\"status\":200,\"bytes\":1234,\
                        \"duration_us\":57}\n";
        assert_eq!(line(&example()), expected);
        let proxied = Entry {
            client: Some("2001:db8::1".parse().unwrap()),
            coding: Some("br"),
            referer: Some(b"https://a.test/"),
            user_agent: Some(b"Test/1"),
            ..example()
        };
        let object: Value = serde_json::from_str(&line(&proxied)).unwrap();
        for (name, value) in [
            ("client", "2001:db8::1"),
            ("peer", "127.0.0.1"),
            ("coding", "br"),
            ("referer", "https://a.test/"),
            ("user_agent", "Test/1"),
        ] {
            assert_eq!(object[name], value);
        }
        let refused =
            Entry { client: None, peer: None, method: None, target: None, protocol: None, host: None, ..example() };
        let members = line(&refused);
        assert_eq!(
            members,
            "{\"time\":\"2026-11-23T01:03:17.000042Z\",\"status\":200,\"bytes\":1234,\"duration_us\":57}\n"
        );
    }

    /// RFC 8259 section 7, and CWE-117.
    #[test]
    fn any_bytes_become_one_line_of_visible_characters() {
        let every: Vec<u8> = (0..=255).collect();
        let text = "\u{e9}\u{20ac}\u{1f980}\u{9b}\u{2028}\u{202e}";
        let entry = Entry { target: Some(&every), user_agent: Some(text.as_bytes()), ..example() };
        let line = line(&entry);
        assert!(line.strip_suffix('\n').unwrap().bytes().all(|byte| matches!(byte, b' '..=b'~')), "{line}");
        let object: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(object["user_agent"], text);
        let target = object["target"].as_str().unwrap();
        assert_eq!(target.chars().take(128).map(u32::from).collect::<Vec<_>>(), (0..128).collect::<Vec<_>>());
        assert!(target.chars().skip(128).all(|character| character == '\u{fffd}'));
    }
}
