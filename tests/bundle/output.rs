//! What is written: a complete `site`, in place of what was there.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::super::support::{Dist, TestServer, bundle, executable, noise, program, prose, run};
use super::{bundling, names, small};

#[test]
fn bundle_serves_the_folder_and_names_its_pack() {
    let dist = small();
    let path = bundle(&dist, "my-site", &[]);
    let server = TestServer::of_executable(&path);
    assert!(server.start_line().contains("(attached, 3 files, 17 bytes)"), "{}", server.start_line());
    assert_eq!(server.get("/").expect(200).text(), "<p>home");
    let version = String::from_utf8(run(executable(&path, &["--version"])).stdout).unwrap();
    assert!(version.contains(server.pack()), "{version}");
}

#[test]
fn same_folder_gives_the_same_bundle_from_any_base() {
    let dist = Dist::with(&[("index.html", &prose(5000)), ("b.bin", &noise(3000, 1)), ("c.css", &prose(900))]);
    let first = bundle(&dist, "first", &[]);
    // The base is a bundle itself: its site is replaced.
    dist.file("index.html", "another");
    let other = bundle(&dist, "other", &["--base", first.to_str().unwrap()]);
    dist.file("index.html", prose(5000));
    let again = bundle(&dist, "again", &["--base", other.to_str().unwrap()]);
    assert!(fs::read(first).unwrap() == fs::read(again).unwrap());
    assert!(fs::metadata(&other).unwrap().len() < fs::metadata(program()).unwrap().len() + 6000);
}

#[test]
fn bundle_replaces_itself_while_it_runs() {
    let dist = small();
    let path = bundle(&dist, "my-site", &[]);
    let server = TestServer::of_executable(&path);
    dist.file("index.html", "<p>changed");
    let mut command = executable(&path, &["bundle"]);
    command.arg(dist.path()).arg("--output").arg(&path);
    assert!(run(command).status.success());
    assert_eq!(server.get("/").expect(200).text(), "<p>home", "what runs goes on");
    assert_eq!(TestServer::of_executable(&path).get("/").expect(200).text(), "<p>changed");
}

#[test]
fn permissions_of_the_file_that_is_replaced_are_kept() {
    let dist = small();
    let path = bundle(&dist, "my-site", &[]);
    let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(), 0o755);
    fs::set_permissions(&path, PermissionsExt::from_mode(0o700)).unwrap();
    bundle(&dist, "my-site", &[]);
    assert_eq!(mode(), 0o700);
}

#[test]
fn link_to_the_output_stays_a_link() {
    let dist = small();
    fs::create_dir(dist.beside("releases")).unwrap();
    fs::write(dist.beside("releases/one"), "old").unwrap();
    std::os::unix::fs::symlink("releases/one", dist.beside("current")).unwrap();
    bundle(&dist, "current", &[]);
    assert!(fs::symlink_metadata(dist.beside("current")).unwrap().is_symlink());
    assert!(fs::metadata(dist.beside("releases/one")).unwrap().len() > 1000);
    assert_eq!(fs::read_dir(dist.beside("releases")).unwrap().count(), 1);
}

#[test]
fn summary_names_files_sizes_and_the_largest() {
    let dist = Dist::with(&[("index.html", &prose(5000)), ("photo.png", &noise(90_000, 1))]);
    let output = run(bundling(&dist.path(), &dist.beside("my-site"), &[]));
    let summary = String::from_utf8(output.stdout).unwrap();
    for words in ["my-site: 2 files, 95.00 kB", "br ", "gzip ", "90.00 kB  photo.png"] {
        assert!(summary.contains(words), "{words} is not in:\n{summary}");
    }
    assert_eq!(names(&dist), ["dist", "my-site"]);
}

/// The site inside holds a whole `site`, which must be taken for neither the program nor the pack.
#[test]
fn site_may_hold_another_site() {
    let dist = small();
    let inner = bundle(&dist, "inner", &[]);
    dist.file("download/site.gz", fs::read(&inner).unwrap()).file("download/program.gz", fs::read(program()).unwrap());
    let outer = bundle(&dist, "outer", &[]);
    let again = bundle(&dist, "again", &["--base", outer.to_str().unwrap()]);
    assert!(fs::read(&outer).unwrap() == fs::read(again).unwrap());
    let server = TestServer::of_executable(&outer);
    assert!(server.get("/download/site.gz").expect(200).body == fs::read(inner).unwrap());
}
