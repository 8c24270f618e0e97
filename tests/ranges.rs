//! Ranges: RFC 9110 sections 13.1.5, 14 and 15.3.7.

mod multipart;
mod property;
mod single;

use super::support::{Dist, TestServer};

/// 100 bytes in which every position can be told from its neighbours.
pub(super) fn digits() -> Vec<u8> {
    (0..50).flat_map(|n| format!("{n:02}").into_bytes()).collect()
}

fn server() -> TestServer {
    TestServer::of(&Dist::with(&[("a.bin", &digits()), ("empty.bin", b"")]))
}
