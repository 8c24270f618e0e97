//! The executable as a process: how to name it, signal it, and wait for its end.

use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use super::{LONG_PATIENCE, PATIENCE};

/// The command `site …`, free of settings that the caller's environment may hold.
pub(crate) fn site(arguments: &[&str]) -> Command {
    executable(Path::new(env!("CARGO_BIN_EXE_site")), arguments)
}

/// The same for another executable.
pub(crate) fn executable(path: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(path);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("SITE_") || name.starts_with("RUST_") {
            command.env_remove(name);
        }
    }
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Copies the executable. Another process does it: a descriptor that is open for writing here could be inherited by
/// a server that another test starts meanwhile, and what is open for writing can't be executed.
pub(crate) fn copy_executable(to: &Path) {
    let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_site")).arg(to).status().expect("cp");
    assert!(copied.success(), "{}", to.display());
}

/// Runs a command that should end by itself.
pub(crate) fn run(mut command: Command) -> Output {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
    let status = finish_within(&mut child, LONG_PATIENCE);
    let mut output = Output { status, stdout: Vec::new(), stderr: Vec::new() };
    child.stdout.take().expect("piped").read_to_end(&mut output.stdout).expect("standard output");
    child.stderr.take().expect("piped").read_to_end(&mut output.stderr).expect("standard error");
    output
}

/// Waits for the end of a process; kills it and panics when patience is over.
pub(crate) fn finish(child: &mut Child) -> ExitStatus {
    finish_within(child, PATIENCE)
}

fn finish_within(child: &mut Child, patience: Duration) -> ExitStatus {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(status) = child.try_wait().expect("the state of the process") {
            return status;
        }
        if Instant::now() > deadline {
            child.kill().expect("killed");
            child.wait().expect("reaped");
            panic!("the process never ended");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Sends a signal (`TERM`, `INT`, …) to one process.
pub(crate) fn signal(child: &Child, name: &str) {
    let command = format!("kill -{name} {}", child.id());
    assert!(Command::new("sh").args(["-c", &command]).status().expect("sh").success(), "{command}");
}

/// Whether the tests run as root, whom no file mode keeps out.
pub(crate) fn is_root() -> bool {
    std::fs::metadata("/proc/self").expect("procfs").uid() == 0
}
