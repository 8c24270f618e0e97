//! Bundles of the executable under test.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::{Dist, executable, run};

/// A copy of the executable under test without symbols: it is a tenth of the size, and so are bundles of it.
pub(crate) fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("site-{}", std::process::id()));
        let status = Command::new("strip").arg("-o").arg(&path).arg(env!("CARGO_BIN_EXE_site")).status();
        assert!(status.expect("strip").success());
        path
    })
}

/// Bundles a folder into a file beside it, quickly, with further arguments.
#[track_caller]
pub(crate) fn bundle(dist: &Dist, name: &str, arguments: &[&str]) -> PathBuf {
    let output = dist.beside(name);
    let folder = dist.argument();
    let mut command = executable(program(), &[&["bundle", &folder, "--quality", "fast"], arguments].concat());
    command.arg("--output").arg(&output);
    let outcome = run(command);
    assert!(outcome.status.success(), "{}", String::from_utf8_lossy(&outcome.stderr));
    output
}

/// Writes an executable file. Another process does it: a descriptor that is open for writing here could be inherited
/// by a process that another test starts meanwhile, and what is open for writing can't be executed.
pub(crate) fn install(bytes: &[u8], path: &Path) {
    let mut command = Command::new("sh");
    command.args(["-c", "cat > \"$0\" && chmod 755 \"$0\""]).arg(path).stdin(Stdio::piped());
    let mut child = command.spawn().expect("sh");
    // Dropped at the end of the statement, so that the other end sees the end.
    child.stdin.take().expect("piped").write_all(bytes).expect("written");
    assert!(child.wait().expect("sh").success(), "{}", path.display());
}
