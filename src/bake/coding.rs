//! Content codings: compressing a representation, and deciding whether that was worth it.

use std::io::Write;

use crate::pack::Coding;

/// How much time compression may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quality {
    /// Small: once per release (br 11, gzip 9).
    Best,
    /// Quick: while somebody waits (br 5, gzip 6).
    Fast,
}

impl Quality {
    fn brotli(self) -> i32 {
        match self {
            Quality::Best => 11,
            Quality::Fast => 5,
        }
    }

    fn gzip(self) -> u32 {
        match self {
            Quality::Best => 9,
            Quality::Fast => 6,
        }
    }

    /// Names codec and settings: codings cached under another name are not reused.
    pub(crate) fn cache_key(self, coding: Coding) -> String {
        match coding {
            Coding::Brotli => format!("br{}", self.brotli()),
            Coding::Gzip => format!("gz{}", self.gzip()),
            Coding::Identity => "identity".to_owned(),
        }
    }
}

/// The codings made of a compressible body, from the most to the least preferred.
pub(crate) const COMPRESSED: [Coding; 2] = [Coding::Brotli, Coding::Gzip];

/// Returns `body` in `coding`, or nothing if that would not be really smaller.
pub(crate) fn compress(body: &[u8], coding: Coding, quality: Quality) -> Option<Vec<u8>> {
    let coded = match coding {
        Coding::Identity => None,
        Coding::Gzip => gzip(body, quality.gzip()).ok(),
        Coding::Brotli => brotli(body, quality.brotli()).ok(),
    }?;
    is_really_smaller(coded.len(), body.len()).then_some(coded)
}

/// A coding costs the client work and some 60 bytes of headers: it must save more than that, and at least 2 %.
fn is_really_smaller(coded: usize, identity: usize) -> bool {
    coded + (identity / 50).max(64) < identity
}

fn gzip(body: &[u8], level: u32) -> std::io::Result<Vec<u8>> {
    // GzEncoder writes no name and a zero mtime: the same bytes on every machine.
    let mut encoder =
        flate2::write::GzEncoder::new(Vec::with_capacity(body.len() / 3), flate2::Compression::new(level));
    encoder.write_all(body)?;
    encoder.finish()
}

fn brotli(body: &[u8], quality: i32) -> std::io::Result<Vec<u8>> {
    let params = brotli::enc::BrotliEncoderParams { quality, lgwin: 22, size_hint: body.len(), ..Default::default() };
    let mut coded = Vec::with_capacity(body.len() / 3);
    brotli::BrotliCompress(&mut &body[..], &mut coded, &params)?;
    Ok(coded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codings_are_kept_only_when_really_smaller() {
        let text = "All work and no play makes Jack a dull boy. ".repeat(50);
        for coding in COMPRESSED {
            assert!(compress(text.as_bytes(), coding, Quality::Best).is_some_and(|coded| coded.len() < 200));
            assert!(compress(b"short", coding, Quality::Best).is_none());
            assert!(compress(b"", coding, Quality::Best).is_none());
        }
        assert!(!is_really_smaller(990, 1000));
        assert!(is_really_smaller(900, 1000));
        assert!(!is_really_smaller(99_000, 100_000));
    }
}
