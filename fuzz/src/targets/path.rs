//! Paths of request targets: decoding, and encoding what was decoded.

use crate::rule::{decode_path, encode_path};

pub fn check(input: &[u8]) {
    let Ok(raw) = std::str::from_utf8(input) else { return };
    let decoded = decode_path(raw);
    assert_eq!(decoded.as_deref(), by_the_rules(raw).as_deref());
    let Some(path) = decoded else { return };
    assert!(!path.contains('\0') && !path.starts_with('/'));
    assert!(path.is_empty() || path.trim_end_matches('/').split('/').all(|one| !matches!(one, "" | "." | "..")));
    assert_eq!(path.matches('/').count() + 1, raw.matches('/').count(), "no slash comes out of an encoding");
    let encoded = encode_path(&path);
    assert!(encoded.starts_with('/') && !encoded.starts_with("//"));
    assert!(encoded.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"#<>?[\\]^`{|}".contains(&byte)));
    assert_eq!(decode_path(&encoded).as_deref(), Some(&*path), "what was decoded has one address");
}

/// What a clean path means, written the long way: one slash in front, then segments that are neither empty nor dots,
/// of UTF-8 without NUL and without encoded slashes, then perhaps one slash.
fn by_the_rules(raw: &str) -> Option<String> {
    let path = raw.strip_prefix('/')?;
    if path.is_empty() {
        return Some(String::new());
    }
    let mut segments: Vec<&str> = path.split('/').collect();
    let slash = segments.last() == Some(&"");
    segments.truncate(segments.len() - usize::from(slash));
    let decoded: Vec<String> = segments.into_iter().map(segment).collect::<Option<_>>()?;
    let end = if slash { "/" } else { "" };
    (!decoded.is_empty()).then(|| decoded.join("/") + end)
}

fn segment(text: &str) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).filter(|code| *first == b'%' && code.iter().all(u8::is_ascii_hexdigit));
        let code = code.and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = &after[if code.is_some() { 2 } else { 0 }..];
        if matches!(code, Some(b'/')) {
            return None;
        }
    }
    String::from_utf8(bytes).ok().filter(|text| !matches!(text.as_str(), "" | "." | "..") && !text.contains('\0'))
}
