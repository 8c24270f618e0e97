//! `site list`, `site extract`, `site diff`: looking into a site, whatever carries it.

mod diff;
mod extract;
mod list;

use std::path::Path;

use super::support::{executable, program, run};

/// Runs a command of the executable under test that must succeed: its standard output.
#[track_caller]
fn output(command: &str, paths: &[&Path], flags: &[&str]) -> String {
    let mut command = executable(program(), &[command]);
    command.args(paths).args(flags);
    let output = run(command);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}
