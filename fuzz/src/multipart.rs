//! Parts of a representation as they are sent (RFC 9110 §14.6), checked against the whole.

use crate::http::range::MAX_PARTS;

/// Checks a multipart/byteranges body from its first byte to its last.
pub(crate) fn check(mut body: &[u8], boundary: &str, whole: &[u8]) {
    let (delimiter, end) = (format!("\r\n--{boundary}\r\n"), format!("\r\n--{boundary}--\r\n"));
    let mut parts = 0;
    while let Some(rest) = body.strip_prefix(delimiter.as_bytes()) {
        let at = rest.windows(4).position(|window| window == b"\r\n\r\n").expect("a part has a head");
        let head = std::str::from_utf8(&rest[..at]).expect("a head is ASCII");
        let range = head.lines().find_map(|line| line.strip_prefix("content-range: ")).expect("a part has a range");
        let length = span(range).1 - span(range).0 + 1;
        part(&rest[at + 4..at + 4 + length], range, whole);
        body = &rest[at + 4 + length..];
        parts += 1;
    }
    assert_eq!(body, end.as_bytes());
    assert!((2..=MAX_PARTS).contains(&parts));
}

/// Checks one part against its Content-Range.
pub(crate) fn part(body: &[u8], range: &str, whole: &[u8]) {
    let (first, last) = span(range);
    assert_eq!(body, &whole[first..=last]);
    assert!(range.ends_with(&format!("/{}", whole.len())));
}

/// First and last position in `bytes 0-1/2`.
fn span(range: &str) -> (usize, usize) {
    let (span, _) = range.strip_prefix("bytes ").and_then(|rest| rest.split_once('/')).expect("a byte range");
    let (first, last) = span.split_once('-').expect("two positions");
    (first.parse().expect("a number"), last.parse().expect("a number"))
}
