//! Content codings as a client sees them: the names to ask for, and how to undo each.

use std::io::Read;

/// The content codings that a representation may have besides identity.
pub(crate) const CODINGS: [&str; 2] = ["br", "gzip"];

/// Undoes a content coding; `None` is identity.
pub(crate) fn decode(coding: Option<&str>, bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    match coding {
        None => plain.extend_from_slice(bytes),
        Some("br") => {
            brotli::Decompressor::new(bytes, 4096).read_to_end(&mut plain).expect("a whole brotli stream");
        }
        Some("gzip") => {
            flate2::read::GzDecoder::new(bytes).read_to_end(&mut plain).expect("a whole gzip stream");
        }
        Some(other) => panic!("unknown Content-Encoding {other:?}"),
    }
    plain
}
