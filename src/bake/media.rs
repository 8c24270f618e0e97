//! Media types: what a file is, by its name and, for text, by its bytes.

/// What a media type means for serving.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Media {
    /// The value of Content-Type, charset included.
    pub(crate) content_type: String,
    /// The bytes may get smaller by a content coding.
    pub(crate) compressible: bool,
    /// Text whose bytes are not UTF-8: its charset is unknown.
    pub(crate) unknown_charset: bool,
}

/// Extensions for which `mime_guess` is silent, outdated or means something else than the web does.
const OVERRIDES: &[(&str, &str)] = &[
    ("atom", "application/atom+xml"),
    ("avif", "image/avif"),
    ("cjs", "text/javascript"),
    ("cur", "image/x-icon"),
    ("gz", "application/gzip"),
    ("ico", "image/x-icon"),
    ("js", "text/javascript"),
    ("jxl", "image/jxl"),
    ("m4a", "audio/mp4"),
    ("map", "application/json"),
    ("md", "text/markdown"),
    ("mjs", "text/javascript"),
    ("mts", "text/plain"),
    ("opus", "audio/ogg"),
    ("otf", "font/otf"),
    ("pagefind", "application/octet-stream"),
    ("rss", "application/rss+xml"),
    ("ts", "text/plain"),
    ("tsx", "text/plain"),
    ("ttf", "font/ttf"),
    ("wasm", "application/wasm"),
    ("webmanifest", "application/manifest+json"),
    ("woff", "font/woff"),
    ("woff2", "font/woff2"),
    ("xml", "application/xml"),
];

/// Files that are known by their whole name.
const NAMES: &[(&str, &str)] = &[("apple-app-site-association", "application/json")];

/// Media types, beside those of [`COMPRESSED_FAMILIES`], whose bytes are already compressed.
const COMPRESSED: &[&str] = &[
    "application/epub+zip",
    "application/gzip",
    "application/java-archive",
    "application/pdf",
    "application/vnd.android.package-archive",
    "application/vnd.rar",
    "application/x-7z-compressed",
    "application/x-bzip",
    "application/x-bzip2",
    "application/x-compressed",
    "application/x-gzip",
    "application/x-rar-compressed",
    "application/x-xz",
    "application/zip",
    "application/zstd",
    "font/woff",
    "font/woff2",
];

/// Families of media types whose bytes are already compressed, but for [`UNCOMPRESSED`].
const COMPRESSED_FAMILIES: &[&str] =
    &["audio/", "image/", "video/", "application/vnd.openxmlformats-", "application/vnd.oasis.opendocument."];

const UNCOMPRESSED: &[&str] =
    &["audio/midi", "audio/wav", "audio/x-wav", "image/bmp", "image/svg+xml", "image/x-icon", "image/x-ms-bmp"];

/// Extensions of compressed files whose media type does not say so.
const COMPRESSED_EXTENSIONS: &[&str] = &["br", "zst", "pagefind", "pf_fragment", "pf_index", "pf_meta", "pf_filter"];

/// Returns what the file named `name` (without folders) is.
///
/// `utf8` tells whether its bytes are valid UTF-8. Extensionless UTF-8 (`LICENSE`, `CNAME`) is plain text,
/// anything else unknown is `application/octet-stream`.
pub(crate) fn media(name: &str, utf8: bool) -> Media {
    let extension = name.rsplit_once('.').map_or_else(String::new, |(_, extension)| extension.to_ascii_lowercase());
    let listed = |table: &[(&str, &'static str)], key: &str| {
        table.iter().find(|(entry, _)| *entry == key).map(|(_, essence)| *essence)
    };
    let essence = listed(NAMES, name)
        .or_else(|| listed(OVERRIDES, &extension))
        .or_else(|| mime_guess::from_ext(&extension).first_raw())
        .unwrap_or(if extension.is_empty() && utf8 { "text/plain" } else { "application/octet-stream" });
    let text = is_text(essence);
    let content_type = if text && utf8 { format!("{essence}; charset=utf-8") } else { essence.to_owned() };
    let compressible = !COMPRESSED_EXTENSIONS.contains(&extension.as_str()) && !is_compressed(essence);
    Media { content_type, compressible, unknown_charset: text && !utf8 }
}

/// Media types for which browsers honour a charset parameter.
fn is_text(essence: &str) -> bool {
    essence.starts_with("text/") || essence.ends_with("+xml") || essence == "application/xml"
}

fn is_compressed(essence: &str) -> bool {
    let family = COMPRESSED_FAMILIES.iter().any(|family| essence.starts_with(family));
    COMPRESSED.contains(&essence) || (family && !UNCOMPRESSED.contains(&essence))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_the_media_types_that_browsers_expect() {
        for (name, expected) in [
            ("index.html", "text/html; charset=utf-8"),
            ("INDEX.HTML", "text/html; charset=utf-8"),
            ("app.mjs", "text/javascript; charset=utf-8"),
            ("app.js", "text/javascript; charset=utf-8"),
            ("app.js.map", "application/json"),
            ("site.webmanifest", "application/manifest+json"),
            ("a.wasm", "application/wasm"),
            ("a.avif", "image/avif"),
            ("feed.xml", "application/xml; charset=utf-8"),
            ("feed.atom", "application/atom+xml; charset=utf-8"),
            ("feed.rss", "application/rss+xml; charset=utf-8"),
            ("logo.svg", "image/svg+xml; charset=utf-8"),
            ("a.css", "text/css; charset=utf-8"),
            ("a.json", "application/json"),
            ("a.txt", "text/plain; charset=utf-8"),
            ("a.woff", "font/woff"),
            ("a.woff2", "font/woff2"),
            ("a.ttf", "font/ttf"),
            ("a.otf", "font/otf"),
            ("a.png", "image/png"),
            ("a.mp4", "video/mp4"),
            ("a.pagefind", "application/octet-stream"),
            ("LICENSE", "text/plain; charset=utf-8"),
            ("a.unheardof", "application/octet-stream"),
            ("apple-app-site-association", "application/json"),
        ] {
            assert_eq!(media(name, true).content_type, expected, "{name}");
        }
    }

    #[test]
    fn text_that_is_not_utf8_has_no_charset() {
        let media = media("latin1.html", false);
        assert_eq!(media.content_type, "text/html");
        assert!(media.unknown_charset);
    }

    #[test]
    fn compressed_media_are_not_compressed_again() {
        for name in ["a.png", "a.webp", "a.mp4", "a.woff2", "a.zip", "a.gz", "a.br", "a.pdf", "a.pf_index", "a.docx"] {
            assert!(!media(name, false).compressible, "{name}");
        }
        for name in ["a.html", "a.svg", "a.ico", "a.bmp", "a.wasm", "a.ttf", "a.json", "a.unheardof", "a.wav"] {
            assert!(media(name, true).compressible, "{name}");
        }
    }
}
