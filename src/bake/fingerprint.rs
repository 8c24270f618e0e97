//! Fingerprinted names: does a file's name contain a hash of its content?
//!
//! A file called fingerprinted is cached for a year without asking again, so a false positive pins a stale file
//! in every browser, while a false negative costs one revalidation. In doubt the answer is no.

/// The length of the shortest hash that is taken for one.
const SHORTEST: usize = 8;

/// Returns true if and only if the last segment of a path, such as `app.3f9a1c2b.js` or `index-BwSg8kAx.css`,
/// carries a content hash as Vite, Rollup, webpack, esbuild, Parcel, Trunk, Hugo, Zola or rustdoc write them.
///
/// Pages (`.html`) are never fingerprinted: their addresses are for people, and their content changes.
pub(crate) fn is_fingerprinted(name: &str) -> bool {
    let Some((stem, _)) = name.rsplit_once('.') else { return false };
    if is_page_name(name) || has_uuid(stem) {
        return false;
    }
    let tokens = stem.split(['.', '-', '_', '~', '@']);
    tokens.clone().any(is_hex_hash) || tokens.clone().any(is_hugo_hash) || stem.split('.').any(ends_in_short_hash)
}

/// The name of something that people go to.
pub(crate) fn is_page_name(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    extension.is_some_and(|extension| ["html", "htm", "xhtml"].contains(&extension.as_str()))
}

/// Hexadecimal of one case, with digits and letters mixed: `3f9a1c2b`, but not `20240131`, `deadbeef`,
/// `cafe2024` or `2024feb01`.
fn is_hex_hash(token: &str) -> bool {
    let lower = token.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let upper = token.bytes().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F'));
    token.len() >= SHORTEST && (lower || upper) && has_digit(token) && has_letter(token) && !is_worded(token)
}

/// Words and dates that happen to be spelled in hexadecimal: a run of letters with short numbers around it.
fn is_worded(token: &str) -> bool {
    let runs = runs(token);
    let letters: Vec<_> = runs.iter().filter(|run| has_letter(run)).collect();
    let month = letters.iter().any(|run| ["feb", "dec"].contains(&run.to_ascii_lowercase().as_str()));
    let words = letters.iter().all(|run| run.len() >= 3);
    words && (month || runs.iter().filter(|run| has_digit(run)).all(|run| run.len() <= 4))
}

/// Hugo's resized images: `_hu` and a decimal or hexadecimal hash.
fn is_hugo_hash(token: &str) -> bool {
    token.strip_prefix("hu").is_some_and(|hash| hash.len() >= 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// The eight characters of base64url (Rollup, Vite) or base32 (esbuild) that end a segment after a hyphen, or are
/// all of it.
fn ends_in_short_hash(segment: &str) -> bool {
    let Some(split) = segment.len().checked_sub(SHORTEST) else { return false };
    let (Some(before), Some(hash)) = (segment.get(..split), segment.get(split..)) else { return false };
    if !(before.is_empty() || before.ends_with('-')) {
        return false;
    }
    is_base64url_hash(hash) || is_base32_hash(hash) || is_base36_hash(hash)
}

/// Upper and lower case mixed as no word mixes them: `BwSg8kAx`, but not `OpenType`, `iPhone12` or `Chapter7`.
fn is_base64url_hash(hash: &str) -> bool {
    let alphabet = hash.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    let mixed = hash.bytes().any(|b| b.is_ascii_uppercase()) && hash.bytes().any(|b| b.is_ascii_lowercase());
    alphabet && mixed && !is_camel_case(hash)
}

/// Words of two and a half letters or more on average, each begun by a capital, perhaps with a number at the end.
fn is_camel_case(text: &str) -> bool {
    let letters = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let capitals = letters.bytes().filter(u8::is_ascii_uppercase).count();
    let words = capitals + usize::from(letters.starts_with(|c: char| c.is_ascii_lowercase()));
    letters.bytes().all(|b| b.is_ascii_alphabetic()) && words * 5 <= letters.len() * 2
}

/// Upper-case letters and the digits 2 to 7, not spelling a word.
fn is_base32_hash(hash: &str) -> bool {
    let alphabet = hash.bytes().all(|b| matches!(b, b'A'..=b'Z' | b'2'..=b'7'));
    let runs = runs(hash);
    let scattered = runs.len() >= 3 || (runs.len() == 2 && has_digit(runs[0]));
    let unspeakable = !has_digit(hash) && !hash.bytes().any(|b| b"AEIOUY".contains(&b));
    alphabet && has_letter(hash) && (scattered || unspeakable)
}

/// Lower-case letters and digits that change places often.
fn is_base36_hash(hash: &str) -> bool {
    hash.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) && runs(hash).len() >= 5
}

/// Universally unique identifiers name things, not contents.
fn has_uuid(stem: &str) -> bool {
    stem.as_bytes().windows(36).any(|window| {
        window.iter().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => *b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
    })
}

/// Splits into runs of digits and of other characters.
fn runs(token: &str) -> Vec<&str> {
    let mut runs = Vec::new();
    let mut start = 0;
    for at in 1..=token.len() {
        let bytes = token.as_bytes();
        if at == token.len() || bytes[at].is_ascii_digit() != bytes[at - 1].is_ascii_digit() {
            runs.extend(token.get(start..at));
            start = at;
        }
    }
    runs
}

fn has_digit(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_digit())
}

fn has_letter(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_content_hashes_are_fingerprinted() {
        for name in [
            "index-BwSg8kAx.js",                                                              // Vite
            "index-D_a-3xZk.css",                                                             // Vite, base64url
            "hoisted.B8x9a_Zz.js",                                                            // Astro
            "main.3f9a1c2b.js",                                                               // webpack
            "main.3f9a1c2b9d0e4f5a6b7c.chunk.js",                                             // webpack
            "3f9a1c2b9d0e4f5a6b7c.png",                                                       // webpack, hash only
            "app-4BQTZ2AF.js",                                                                // esbuild
            "chunk-QRVNGVNN.js",                                                              // esbuild, without digits
            "framework-aec844d2ccbe7592.js",                                                  // Next.js
            "app-3f9a1c2b3d4e5f60_bg.wasm",                                                   // Trunk
            "rustdoc-46f98efaafac5295.ttf.woff2",                                             // rustdoc
            "normalize-9960930a.css",                                                         // rustdoc
            "SourceSerif4-Regular-6b053e98.ttf.woff2",                                        // rustdoc
            "style.min.6d3f1a5c0e9b8a7f6d3f1a5c0e9b8a7f6d3f1a5c0e9b8a7f6d3f1a5c0e9b8a7f.css", // Hugo
            "sunset_hu15210517121918042184.jpg",                                              // Hugo
            "photo.1a2b3c4d5e6f7a8b.jpg",                                                     // Zola
            "base.27e20196a850.css",                                                          // Django
        ] {
            assert!(is_fingerprinted(name), "{name}");
        }
    }

    #[test]
    fn words_dates_and_numbers_are_not_fingerprints() {
        for name in [
            "index.html",
            "post-3f9a1c2b.html",
            "app.js",
            "report-20240131.pdf",
            "2024-01-31-notes.txt",
            "notes-2024feb01.txt",
            "notes-01dec2024.txt",
            "IMG_20240131_120000.jpg",
            "photo-1234567890.jpg",
            "deadbeef.js",
            "cafe2024.jpg",
            "decade80.css",
            "face2face.js",
            "logo-original.png",
            "site-overview.css",
            "fonts-OpenType.css",
            "img-iPhone12.png",
            "book-Chapter7.css",
            "lang-TypeScript.js",
            "my-JavaScript.js",
            "CHANGELOG.txt",
            "docs-OVERVIEW.css",
            "img-IMAGE001.png",
            "app-python38.js",
            "jquery-3.7.1.min.js",
            "bootstrap.bundle.min.js",
            "font-awesome.css",
            "123e4567-e89b-12d3-a456-426614174000.png",
            "noextension-3f9a1c2b",
            "é-überlang.css",
            "x.js",
            ".js",
        ] {
            assert!(!is_fingerprinted(name), "{name}");
        }
    }
}
