//! Bad input: one line that names the flag, the value and the remedy, and nothing left behind.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

use super::super::support::{bundle, executable, finish, install, is_root, noise, program, signal};
use super::{bundling, names, refused, small};

#[test]
fn folders_that_are_no_site_are_refused() {
    let dist = small();
    fs::write(dist.beside("file"), "x").unwrap();
    fs::create_dir(dist.beside("empty")).unwrap();
    for (name, words) in [("missing", "no such folder"), ("file", "not a folder"), ("empty", "no files to serve")] {
        refused(bundling(&dist.beside(name), &dist.beside("my-site"), &[]), &[name, words]);
    }
    assert_eq!(names(&dist), ["dist", "empty", "file"]);
}

#[test]
fn names_and_links_that_cannot_be_served_are_refused() {
    use std::os::unix::ffi::OsStrExt;
    let dist = small();
    let name = dist.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9.html"));
    fs::write(&name, "x").unwrap();
    refused(bundling(&dist.path(), &dist.beside("my-site"), &[]), &["not UTF-8", "rename"]);
    fs::remove_file(name).unwrap();
    dist.link("out.txt", "/etc/hostname");
    refused(bundling(&dist.path(), &dist.beside("my-site"), &[]), &["out.txt", "leads out"]);
    bundle(&dist, "my-site", &["--follow-links"]);
    dist.link("broken.txt", "nowhere");
    refused(bundling(&dist.path(), &dist.beside("other"), &["--follow-links"]), &["broken.txt", "broken"]);
    assert_eq!(names(&dist), ["dist", "my-site"]);
}

#[test]
fn unreadable_files_and_folders_are_refused() {
    let dist = small();
    fs::set_permissions(dist.path().join("a.css"), PermissionsExt::from_mode(0o000)).unwrap();
    fs::set_permissions(dist.beside("."), PermissionsExt::from_mode(0o777)).unwrap();
    let as_nobody = |output: &str| {
        // The program lies where only its owner may look.
        let copy = dist.beside("site");
        if !copy.exists() {
            install(&fs::read(program()).unwrap(), &copy);
        }
        let mut command = executable(&copy, &["bundle"]);
        command.arg(dist.path()).arg("--output").arg(dist.beside(output)).env("TMPDIR", "/tmp");
        if is_root() {
            command.uid(65534).gid(65534);
        }
        command
    };
    refused(as_nobody("my-site"), &["a.css", "ermission denied"]);
    fs::set_permissions(dist.path().join("a.css"), PermissionsExt::from_mode(0o644)).unwrap();
    fs::create_dir(dist.beside("locked")).unwrap();
    fs::set_permissions(dist.beside("locked"), PermissionsExt::from_mode(0o555)).unwrap();
    refused(as_nobody("locked/my-site"), &["--output", "locked", "can't be written to"]);
    assert_eq!(names(&dist), ["dist", "locked", "site"]);
}

#[test]
fn places_that_can_hold_no_file_are_refused() {
    let dist = small();
    fs::create_dir(dist.beside("folder")).unwrap();
    for (output, words) in [
        (dist.beside("folder"), "this is a folder"),
        (dist.beside("missing/my-site"), "can't be written to"),
        (dist.path().join("my-site"), "inside the folder"),
        (dist.path().join("docs/my-site"), "inside the folder"),
        ("/dev/null".into(), "no regular file"),
        ("/".into(), "this is a folder"),
    ] {
        refused(bundling(&dist.path(), &output, &[]), &["--output", output.to_str().unwrap(), words]);
    }
    assert_eq!(names(&dist), ["dist", "folder"]);
    assert_eq!(fs::read_dir(dist.path()).unwrap().count(), 3);
}

#[test]
fn bases_that_are_no_site_are_refused() {
    let dist = small();
    fs::write(dist.beside("text"), "x").unwrap();
    fs::write(dist.beside("elf"), b"\x7fELF and nothing more").unwrap();
    // An executable that reads packs of another version.
    let mut other = fs::read(program()).unwrap();
    let magic = b"\x7fsite:marker\x00\xd7\xa9\xfe";
    let places: Vec<_> = other.windows(16).enumerate().filter(|(_, window)| window == magic).collect();
    // The last one is in the writable data; a constant of the program may come before.
    let at = places.last().expect("a marker").0;
    other[at + 16] = 99;
    fs::write(dist.beside("other"), other).unwrap();
    for (name, words) in [
        ("missing", "No such file"),
        ("dist", "not a file"),
        ("text", "not an executable"),
        ("elf", "headers are damaged"),
        ("other", "packs of version 99"),
    ] {
        let base = dist.beside(name);
        let base = base.to_str().unwrap();
        refused(bundling(&dist.path(), &dist.beside("my-site"), &["--base", base]), &["--base", base, words]);
    }
    let ls = Command::new("sh").args(["-c", "command -v ls"]).output().unwrap().stdout;
    let ls = String::from_utf8(ls).unwrap();
    refused(bundling(&dist.path(), &dist.beside("my-site"), &["--base", ls.trim()]), &["--base", "is not site"]);
    assert_eq!(names(&dist), ["dist", "elf", "other", "text"]);
}

/// A limit on file sizes stands for a full disk: writing fails half-way.
#[test]
fn failure_to_write_leaves_the_old_file_whole() {
    let dist = small();
    dist.file("noise.png", noise(3 << 20, 1));
    let path = bundle(&dist, "my-site", &[]);
    let whole = fs::read(&path).unwrap();
    let blocks = whole.len() as u64 / 512;
    for limit in [10, blocks / 2, blocks - 100] {
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("ulimit -f {limit}; exec \"$@\"")).arg("sh").arg(program());
        command.arg("bundle").arg(dist.path()).arg("--output").arg(&path);
        refused(command, &["--output", path.to_str().unwrap(), "too large"]);
        assert!(fs::read(&path).unwrap() == whole);
        assert_eq!(names(&dist), ["dist", "my-site"]);
    }
}

/// SIGTERM and SIGINT clean up; SIGKILL can't be answered, but the old file is whole all the same.
#[test]
fn kill_at_any_moment_leaves_the_old_file_whole() {
    let dist = small();
    for number in 0..40 {
        dist.file(&format!("noise-{number}.txt"), super::super::support::prose(100_000 + number));
    }
    let path = bundle(&dist, "my-site", &[]);
    let whole = fs::read(&path).unwrap();
    for step in 0..24 {
        let name = ["TERM", "INT", "HUP", "KILL"][step % 4];
        let mut child = bundling(&dist.path(), &path, &[]).stderr(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(step as u64 * 8));
        signal(&child, name);
        let status = finish(&mut child);
        let left = names(&dist);
        if name == "KILL" || status.code().is_none() {
            // Before its handlers were there, any signal ends the process at once.
            left.iter()
                .filter(|name| name.ends_with(".unfinished"))
                .for_each(|name| fs::remove_file(dist.beside(name)).unwrap());
        } else {
            assert_eq!(left, ["dist", "my-site"], "after SIG{name}");
        }
        assert!(fs::read(&path).unwrap().len() >= whole.len() / 2);
        let list = super::super::support::run(executable(&path, &["list"]));
        assert!(list.status.success() && String::from_utf8(list.stdout).unwrap().contains("43 files"));
    }
}
