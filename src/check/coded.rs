//! Coded bodies: do they hold what they should?

use std::io::Read;

use crate::pack::Coding;

/// Tells whether `coded` is `identity` in this coding, in bounded memory.
pub(super) fn holds(coding: Coding, coded: &[u8], identity: &[u8]) -> bool {
    match coding {
        Coding::Identity => coded == identity,
        Coding::Gzip => equal(flate2::read::MultiGzDecoder::new(coded), identity),
        Coding::Brotli => equal(brotli::Decompressor::new(coded, 4096), identity),
    }
}

fn equal(mut decoded: impl Read, mut expected: &[u8]) -> bool {
    let mut chunk = [0; 16 << 10];
    loop {
        match decoded.read(&mut chunk) {
            Ok(0) => return expected.is_empty(),
            Ok(length) => match expected.strip_prefix(&chunk[..length]) {
                Some(rest) => expected = rest,
                None => return false,
            },
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bake::{Quality, compress};

    #[test]
    fn coded_bodies_are_compared_with_what_they_hold() {
        let body = b"words and words and words ".repeat(2000);
        for coding in [Coding::Gzip, Coding::Brotli] {
            let coded = compress(&body, coding, Quality::Fast).unwrap();
            assert!(holds(coding, &coded, &body));
            assert!(!holds(coding, &coded, &body[1..]));
            assert!(!holds(coding, &coded, &[&body[..], b"x"].concat()));
            assert!(!holds(coding, &coded[..coded.len() / 2], &body));
            assert!(!holds(coding, b"no such coding", &body));
        }
    }
}
