//! Heads of messages, as far as the gate looks into them.

/// The end of the head in `bytes`, of which the first `scanned` hold no line end.
pub(super) fn head_end(bytes: &[u8], scanned: usize) -> Option<usize> {
    let ends = memchr::memchr_iter(b'\n', &bytes[scanned..]).map(|at| scanned + at + 1);
    ends.filter_map(|at| match bytes[at..] {
        [b'\n', ..] => Some(at + 1),
        [b'\r', b'\n', ..] => Some(at + 2),
        _ => None,
    })
    .next()
}

/// The status code of a response that begins with `HTTP/1.1 400`.
pub(super) fn status_of(response: &[u8]) -> u16 {
    let digits = response.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or_default()
}
