//! The directory carrier while it runs: changes, broken trees, links, files replaced under load.

mod changes;
mod links;
mod load;

use super::support::{TestServer, eventually};

/// Waits until a path answers with this status.
#[track_caller]
fn becomes(server: &TestServer, target: &str, status: u16) {
    eventually(&format!("{target} answers {status}"), || server.get(target).status == status);
}

/// Waits until a path answers with this text.
#[track_caller]
fn reads(server: &TestServer, target: &str, text: &str) {
    eventually(&format!("{target} reads {text}"), || server.get(target).body == text.as_bytes());
}
