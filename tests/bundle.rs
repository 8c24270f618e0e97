//! `site bundle`: the executable that it writes, and how it refuses.

mod damage;
mod input;
mod output;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use super::support::{Dist, executable, program, run};

/// The command `site bundle`, run by a small copy of the executable under test.
fn bundling(folder: &Path, output: &Path, arguments: &[&str]) -> Command {
    let mut command = executable(program(), &["bundle"]);
    command.arg(folder).arg("--output").arg(output).args(arguments);
    command
}

/// Asserts that a command fails with one line that holds all these words.
#[track_caller]
fn refused(command: Command, words: &[&str]) -> Output {
    let output = run(command);
    let message = String::from_utf8(output.stderr.clone()).expect("UTF-8");
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert_eq!(message.lines().count(), 1, "not one line:\n{message}");
    for word in words {
        assert!(message.contains(word), "{word:?} is not in: {message}");
    }
    assert!(output.stdout.is_empty());
    output
}

/// The names in the folder that holds dist.
fn names(dist: &Dist) -> Vec<String> {
    let entries = fs::read_dir(dist.beside(".")).expect("a folder");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn small() -> Dist {
    Dist::with(&[("index.html", b"<p>home"), ("a.css", b"a{}"), ("docs/index.html", b"<p>docs")])
}
