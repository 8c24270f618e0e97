//! Where the server listens: Unix sockets, passed sockets, both families of addresses; handing sockets over.

mod families;
mod handover;
mod passed;
mod unix;

use std::process::Command;

use super::support::{Dist, run};

fn dist() -> Dist {
    Dist::with(&[("index.html", b"<p>home"), ("a.txt", b"alpha")])
}

/// Asserts that a command ends with exit code 1 and one line, which holds all these words.
#[track_caller]
fn refused(command: Command, words: &[&str]) {
    let output = run(command);
    let message = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert_eq!(message.lines().count(), 1, "not one line:\n{message}");
    for word in words {
        assert!(message.contains(word), "{word:?} is not in: {message}");
    }
}
