//! Inputs as text where that is possible: people can read the corpus, and mutations keep its shape.

/// Splits the first line off.
pub(crate) fn first_line(input: &[u8]) -> (&[u8], Option<&[u8]>) {
    match input.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&input[..end], Some(&input[end + 1..])),
        None => (input, None),
    }
}

/// The lines of a field: what stands behind this mark at the start of a line.
pub(crate) fn marked(input: &[u8], mark: u8) -> impl Iterator<Item = &[u8]> + Clone {
    input.split(|byte| *byte == b'\n').filter_map(move |line| line.strip_prefix(&[mark]))
}

/// The paths that comments like `#? /path` ask a policy file about.
pub(crate) fn questions(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| line.trim().strip_prefix("#?")).map(str::trim)
}
