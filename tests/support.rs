//! The tools of the integration tests, in one place for the modules to name.

mod bundle;
mod client;
mod coding;
mod dist;
mod http2;
mod log;
mod metrics;
mod process;
mod random;
mod response;
mod server;
mod tls;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod traced;

pub(crate) use bundle::{bundle, install, program};
pub(crate) use client::{Connection, request};
pub(crate) use coding::{CODINGS, decode};
pub(crate) use dist::{Dist, default_site, noise, prose};
pub(crate) use http2::{
    CONTINUATION, END_HEADERS, END_STREAM, Frames, GET_ROOT, GOAWAY, HEADERS, Http2, PING, PREFACE, RST_STREAM, frame,
};
pub(crate) use log::Log;
pub(crate) use metrics::Metrics;
pub(crate) use process::{copy_executable, executable, finish, is_root, run, signal, site};
pub(crate) use random::Random;
pub(crate) use response::Response;
pub(crate) use server::TestServer;
pub(crate) use tls::{Identity, Offer, certificate_hosts, client_settings};
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub(crate) use traced::{Argument, Traced};

use std::time::{Duration, Instant};

/// How long a test waits for the next bytes, or the end, of something that should come at once: a hang is a failure.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// How long a test waits for work to be done, on a machine that may be busy with other things.
pub(crate) const LONG_PATIENCE: Duration = Duration::from_secs(30);

/// Asks until the answer is yes; panics with `what` when patience is over.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + LONG_PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "never happened: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
