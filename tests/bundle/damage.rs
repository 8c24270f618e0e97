//! An executable that was bundled refuses to start without its very site.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::super::support::{Dist, bundle, executable, install, noise, program, run};
use super::{refused, small};

/// Asserts that a damaged copy neither serves nor speaks of a site, nor is taken for one.
#[track_caller]
fn does_not_start(dist: &Dist, bytes: &[u8]) {
    let path = dist.beside("damaged");
    install(bytes, &path);
    for arguments in [&["serve", "--listen-on", "127.0.0.1:0"] as &[&str], &["--version"], &["list"]] {
        refused(executable(&path, arguments), &["bundled", "not at its end", "bundle it again"]);
    }
    refused(executable(program(), &["list", path.to_str().unwrap()]), &[path.to_str().unwrap(), "not at its end"]);
    let mut command = executable(program(), &["bundle", "--base", path.to_str().unwrap(), "--output"]);
    command.arg(dist.beside("output")).arg(dist.path());
    refused(command, &["--base", "not at its end"]);
    assert!(!dist.beside("output").exists());
}

#[test]
fn truncated_and_padded_bundles_do_not_start() {
    let dist = Dist::with(&[("index.html", b"<p>home"), ("noise", &noise(5000, 1))]);
    let whole = fs::read(bundle(&dist, "my-site", &[])).unwrap();
    let program = fs::metadata(program()).unwrap().len() as usize;
    for length in [program, program + 1, program + 5000, whole.len() - 64, whole.len() - 1] {
        does_not_start(&dist, &whole[..length]);
    }
    for more in [&b"\0"[..], b"\n", &whole[program..program + 64]] {
        does_not_start(&dist, &[&whole, more].concat());
    }
}

#[test]
fn bundle_with_the_end_of_another_does_not_start() {
    let dist = small();
    let whole = fs::read(bundle(&dist, "one", &[])).unwrap();
    dist.file("index.html", "<p>hole");
    let other = fs::read(bundle(&dist, "two", &[])).unwrap();
    assert_eq!(whole.len(), other.len());
    let program = fs::metadata(program()).unwrap().len() as usize;
    does_not_start(&dist, &[&whole[..program], &other[program..]].concat());
}

#[test]
fn damaged_index_and_footer_do_not_start() {
    let dist = small();
    let whole = fs::read(bundle(&dist, "my-site", &[])).unwrap();
    for from_end in [1, 20, 40, 64, 65, 200] {
        let mut bytes = whole.clone();
        let at = bytes.len() - from_end;
        bytes[at] ^= 1;
        does_not_start(&dist, &bytes);
    }
}

#[test]
fn stripped_bundles_do_not_start() {
    let dist = small();
    let path = bundle(&dist, "my-site", &[]);
    for (tool, arguments) in [("strip", &["-o"] as &[&str]), ("objcopy", &[])] {
        let stripped = dist.beside(tool);
        let mut command = Command::new(tool);
        match arguments {
            [] => command.arg(&path).arg(&stripped),
            _ => command.args(arguments).arg(&stripped).arg(&path),
        };
        assert!(command.status().unwrap().success());
        does_not_start(&dist, &fs::read(stripped).unwrap());
    }
}

#[test]
fn bundle_starts_under_any_name_and_as_a_copy() {
    let dist = small();
    let path = bundle(&dist, "my-site", &[]);
    let other = dist.beside("with space ü");
    install(&fs::read(&path).unwrap(), &other);
    fs::remove_file(&path).unwrap();
    let list = |path: &Path| run(executable(path, &["list"])).stdout;
    assert!(String::from_utf8(list(&other)).unwrap().contains("docs/index.html"));
}
