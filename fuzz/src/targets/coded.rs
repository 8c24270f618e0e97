//! Coded bodies: `g` and `b` in front of hostile ones, `G` and `B` in front of content to be coded.

use std::io::Read;

use crate::bake::{Quality, compress};
use crate::check::holds;
use crate::pack::Coding::{self, Brotli, Gzip};

/// Bytes that are decoded to compare with.
const MOST: u64 = 1 << 18;

pub fn check(input: &[u8]) {
    let Some((kind, bytes)) = input.split_first() else { return };
    match kind {
        b'g' => hostile(Gzip, bytes, flate2::read::MultiGzDecoder::new(bytes)),
        b'b' => hostile(Brotli, bytes, brotli::Decompressor::new(bytes, 512)),
        b'G' => coded(Gzip, bytes),
        _ => coded(Brotli, bytes),
    }
}

/// A coded body holds what it decodes to, no more and no less.
fn hostile(coding: Coding, coded: &[u8], decoder: impl Read) {
    let mut identity = Vec::new();
    let whole = decoder.take(MOST).read_to_end(&mut identity).is_ok() && (identity.len() as u64) < MOST;
    assert_eq!(holds(coding, coded, &identity), whole);
    if let Some((_, less)) = identity.split_last() {
        assert!(!holds(coding, coded, less));
    }
    identity.push(b'x');
    assert!(!holds(coding, coded, &identity));
}

/// What is coded is really smaller and holds the content.
fn coded(coding: Coding, content: &[u8]) {
    // Repeated, or there would be nothing to gain.
    let content = content.repeat(1 + 1000 / (content.len() + 1));
    let Some(coded) = compress(&content, coding, Quality::Fast) else { return };
    assert!(coded.len() < content.len());
    assert!(holds(coding, &coded, &content));
}
