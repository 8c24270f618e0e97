//! Style sheets: any text is one.

use crate::check::style_references;

pub fn check(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let lines = text.split(['\n', '\r', '\u{c}']).count() as u32;
    let found = style_references(&text);
    // An escape that stands for nothing becomes a character of three bytes.
    assert!(found.iter().map(|(url, _)| url.len()).sum::<usize>() <= 3 * text.len());
    for (url, line) in found {
        assert!((1..=lines).contains(&line), "line {line} of {lines}");
        assert_eq!(url.trim(), url);
    }
}
