//! The sandbox as it is seen from outside: the states of the threads, and the lines that tell of it.

#[cfg(target_arch = "x86_64")]
mod attempts;
#[cfg(target_arch = "x86_64")]
mod files;
mod identity;
mod reloads;
mod systems;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::process::Command;

use super::support::{Dist, TestServer, copy_executable, eventually, is_root, run, site};

/// The values of a field of every thread of a server.
fn states(server: &TestServer, field: &str) -> BTreeSet<String> {
    let mut values = BTreeSet::new();
    for thread in fs::read_dir(format!("/proc/{}/task", server.id())).expect("procfs") {
        let status = fs::read_to_string(thread.expect("a thread").path().join("status"));
        // A thread may end meanwhile.
        let status = status.unwrap_or_default();
        values.extend(status.lines().filter_map(|line| line.strip_prefix(field)?.strip_prefix(':')).map(normal));
    }
    values
}

fn normal(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The value of a field of the test's own thread, which a server starts with.
fn own(field: &str) -> String {
    let status = fs::read_to_string("/proc/thread-self/status").expect("procfs");
    let value = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    normal(value.unwrap_or_else(|| panic!("{field} in {status}")))
}

/// Asserts that every thread has this value in a field.
#[track_caller]
fn all(server: &TestServer, field: &str, value: &str) {
    assert_eq!(states(server, field), BTreeSet::from([value.to_owned()]), "{field} of the threads");
}

/// Asserts that every thread has the sandbox's filters, besides those of whatever the tests run in.
#[track_caller]
fn all_are_filtered(server: &TestServer) {
    let outside: u32 = own("Seccomp_filters").parse().expect("a number");
    all(server, "Seccomp", "2");
    all(server, "Seccomp_filters", &(outside + 2).to_string());
}

/// The line that tells what the sandbox consists of.
fn line(server: &TestServer) -> String {
    server.log().wait_for(|line| line.contains(" sandbox: ")).expect("a line about the sandbox")
}

fn serve(arguments: &[&str]) -> Command {
    site(&[&["serve", "--listen-on", "127.0.0.1:0"], arguments].concat())
}

/// `site serve` as a user other than root, from a copy of the executable that this user can reach.
fn by_somebody_else(place: &Dist, arguments: &[&str]) -> Command {
    fs::set_permissions(place.beside(""), PermissionsExt::from_mode(0o755)).unwrap();
    copy_executable(&place.beside("site"));
    let mut command = Command::new(place.beside("site"));
    command.args(["serve", "--listen-on", "127.0.0.1:0"]).args(arguments).env_clear().current_dir("/");
    if is_root() {
        command.uid(65534).gid(65534);
    }
    command
}

/// Runs a command that must refuse to serve: its one line.
#[track_caller]
fn refusal(command: Command) -> String {
    let output = run(command);
    let message = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert_eq!(message.lines().count(), 1, "not one line:\n{message}");
    message
}

#[test]
fn every_thread_is_inside_by_default() {
    let dist = Dist::with(&[("index.html", b"<p>home")]);
    for server in [TestServer::start(&["--workers", "3"]), TestServer::with(&dist, &["--workers", "3"])] {
        server.get("/").expect(200);
        let threads = fs::read_dir(format!("/proc/{}/task", server.id())).unwrap().count();
        assert!(threads >= 5, "{threads} threads: three workers, the first one, the one that accepts");
        all_are_filtered(&server);
        all(&server, "NoNewPrivs", "1");
    }
}

#[test]
fn a_site_inside_the_executable_needs_no_capability() {
    let server = TestServer::embedded();
    for field in ["CapEff", "CapPrm", "CapInh", "CapAmb"] {
        all(&server, field, "0000000000000000");
    }
}

/// Root opens the files of others; a folder that is served may hold such files, a site in the executable does not.
#[test]
fn a_folder_served_by_root_keeps_what_reads_files_and_nothing_else() {
    let dist = Dist::with(&[("index.html", b"<p>home")]);
    let server = TestServer::of(&dist);
    let held = u64::from_str_radix(&own("CapEff"), 16).unwrap();
    let (read, read_and_write) = (held & 1 << 2, held & 1 << 1); // CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE
    let expected = if read == 0 { read_and_write } else { read };
    all(&server, "CapEff", &format!("{expected:016x}"));
    all(&server, "CapPrm", &format!("{expected:016x}"));
}

#[test]
fn files_of_others_are_read_again_by_root() {
    if !is_root() {
        return;
    }
    let dist = Dist::with(&[("index.html", b"one")]);
    let server = TestServer::with(&dist, &["--sandbox", "required"]);
    let private = |text: &str| {
        let next = dist.beside("next");
        fs::write(&next, text).unwrap();
        fs::set_permissions(&next, PermissionsExt::from_mode(0o600)).unwrap();
        chown(&next, Some(65531), Some(65531)).unwrap();
        fs::rename(next, dist.path().join("index.html")).unwrap();
    };
    private("two");
    eventually("two", || server.get("/").body == b"two");
}

#[test]
fn the_memory_is_closed_to_the_users_other_processes() {
    let owners = |arguments: &[&str]| {
        let place = Dist::new();
        let server = TestServer::launch(by_somebody_else(&place, arguments));
        let owner = |file| fs::metadata(format!("/proc/{}/{file}", server.id())).unwrap().uid().to_string();
        let user = states(&server, "Uid").first().unwrap().split(' ').next().unwrap().to_owned();
        ["environ", "mem"].map(|file| owner(file) == user)
    };
    // proc(5): what belongs to a process that is not dumpable does not belong to its user.
    assert_eq!(owners(&["--sandbox", "off"]), [true, true]);
    assert_eq!(owners(&["--sandbox", "required"]), [false, false]);
}

#[test]
fn off_is_off() {
    let server = TestServer::start(&["--sandbox", "off"]);
    assert!(line(&server).ends_with("sandbox: off"), "{}", line(&server));
    for field in ["Seccomp", "Seccomp_filters", "NoNewPrivs", "CapEff", "CapPrm"] {
        all(&server, field, &own(field));
    }
}

#[test]
fn the_environment_says_it_as_well() {
    let mut command = serve(&[]);
    command.env("SITE_SANDBOX", "off");
    if is_root() {
        command.env("SITE_USER", "65532").env("SITE_GROUP", "65531");
    }
    let server = TestServer::launch(command);
    let expected = if is_root() { "sandbox: user 65532, group 65531, off" } else { "sandbox: off" };
    assert!(line(&server).ends_with(expected), "{}", line(&server));
}

#[test]
fn the_log_names_the_layers() {
    let dist = Dist::with(&[("index.html", b"<p>home")]);
    let server = TestServer::start(&["--sandbox", "required"]);
    for part in ["no new privileges", "file system closed (Landlock ", "system calls filtered"] {
        assert!(line(&server).contains(part), "{}", line(&server));
    }
    let server = TestServer::with(&dist, &["--sandbox", "required"]);
    let folder = dist.beside("").canonicalize().unwrap();
    let part = format!("closed but for reading in {} (Landlock ", folder.display());
    assert!(line(&server).contains(&part), "{part} is not in {}", line(&server));
}

#[test]
fn other_commands_are_not_inside() {
    let dist = Dist::with(&[("index.html", b"<p>home")]);
    let folder = dist.argument();
    for arguments in [&["explain", "/", "--dist-dir", &folder][..], &["check", &folder]] {
        let mut command = site(arguments);
        command.env("SITE_SANDBOX", "required");
        let output = run(command);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && !told.contains("sandbox"), "{arguments:?}: {told}");
    }
}
