//! Percent-encoding: between the paths of a site and the way they are written in a URL (RFC 3986 §2.1).

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Characters that are encoded in a path (RFC 3986 §3.3: everything but pchar and the slash).
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Characters that are encoded in one value of a query: all but the unreserved ones.
const QUERY_VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Characters that no URL contains as they are; a percent sign stays, as it begins an encoded byte.
const WRITTEN: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'\\').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');

/// Writes a decoded path as a path of this site. It starts with exactly one slash, so it can't name another host.
pub(crate) fn encode_path(path: &str) -> String {
    format!("/{}", encode_part(path.trim_start_matches('/')))
}

/// Encodes decoded text that becomes a part of a path.
pub(super) fn encode_part(text: &str) -> String {
    utf8_percent_encode(text, PATH).to_string()
}

/// Encodes decoded text that becomes a part of a query or a fragment.
pub(super) fn encode_value(text: &str) -> String {
    utf8_percent_encode(text, QUERY_VALUE).to_string()
}

/// Encodes what a person wrote as a URL and what is not allowed in one.
pub(crate) fn encode_written(text: &str) -> String {
    utf8_percent_encode(text, WRITTEN).to_string()
}

/// Decodes a raw path once and strips its first slash; nothing if it is not a clean path of this site.
///
/// Clean are: UTF-8, no NUL, no empty or dot segments but for a slash at the end, and no encoded slash, which would
/// give an asset a second address.
pub(crate) fn decode_path(raw: &str) -> Option<Cow<'_, str>> {
    let path = raw.strip_prefix('/')?;
    let path = if path.contains('%') {
        if path.as_bytes().windows(3).any(|triple| triple.eq_ignore_ascii_case(b"%2f")) {
            return None;
        }
        percent_decode_str(path).decode_utf8().ok()?
    } else {
        Cow::Borrowed(path)
    };
    let segments = path.strip_suffix('/').unwrap_or(&path);
    let clean = |segment: &str| !matches!(segment, "" | "." | "..") && !segment.contains('\0');
    (path.is_empty() || segments.split('/').all(clean)).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_can_not_break_out_of_a_url() {
        assert_eq!(encode_part("a b?c#d\\e\r\n/é"), "a%20b%3Fc%23d%5Ce%0D%0A/%C3%A9");
        assert_eq!(encode_value("a&b=c+d/é"), "a%26b%3Dc%2Bd%2F%C3%A9");
        assert_eq!(encode_written("/é?a=%20&b#c"), "/%C3%A9?a=%20&b#c");
        assert_eq!(encode_path("//evil"), "/evil");
    }
}
