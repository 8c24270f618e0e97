//! Changes: files added, replaced and removed are served; a tree that can't be baked keeps the last good one.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use super::super::support::{Dist, TestServer, prose};
use super::{becomes, reads};

fn dist() -> Dist {
    Dist::with(&[("index.html", b"one"), ("docs/index.html", b"<p>docs"), ("docs/old.txt", b"old")])
}

#[test]
fn added_changed_and_removed_files_are_picked_up() {
    let dist = dist();
    let server = TestServer::of(&dist);
    let first = server.get("/").expect(200).etag().to_owned();
    dist.file("index.html", "two");
    reads(&server, "/", "two");
    assert_ne!(server.get("/").etag(), first);
    dist.replace("index.html", "three");
    reads(&server, "/", "three");
    dist.file("new/deeper/page.html", "<p>new");
    reads(&server, "/new/deeper/page", "<p>new");
    dist.file("new/deeper/page.html", "<p>newer");
    reads(&server, "/new/deeper/page", "<p>newer");
    dist.remove("docs/old.txt");
    becomes(&server, "/docs/old.txt", 404);
    fs::remove_dir_all(dist.path().join("docs")).unwrap();
    becomes(&server, "/docs/", 404);
    fs::rename(dist.path().join("new"), dist.path().join("moved")).unwrap();
    reads(&server, "/moved/deeper/page", "<p>newer");
    becomes(&server, "/new/deeper/page", 404);
    dist.file("index.html", "one");
    reads(&server, "/", "one");
    assert_eq!(server.get("/").etag(), first, "equal bytes, equal tag");
}

/// A deployment that keeps size and modification time, as archives and stores do, is a change like any other.
#[test]
fn change_that_keeps_size_and_time_is_picked_up() {
    let dist = dist();
    let time = fs::metadata(dist.path().join("index.html")).unwrap().modified().unwrap();
    let server = TestServer::of(&dist);
    let new = dist.beside("new");
    fs::write(&new, "two").unwrap();
    fs::File::options().append(true).open(&new).unwrap().set_modified(time).unwrap();
    fs::rename(&new, dist.path().join("index.html")).unwrap();
    reads(&server, "/", "two");
}

#[test]
fn changed_page_has_its_codings_again() {
    let dist = Dist::new();
    dist.file("page.html", prose(4000));
    let server = TestServer::of(&dist);
    let br = [("Accept-Encoding", "br")];
    let first = server.get_with("/page", &br).expect(200);
    assert_eq!(first.coding(), Some("br"));
    dist.replace("page.html", prose(5000));
    super::eventually("the new page in br", || {
        let now = server.get_with("/page", &br).expect(200);
        now.coding() == Some("br") && super::super::support::decode(Some("br"), &now.body) == prose(5000)
    });
}

/// From the start line on, no change is lost: whatever was read for the start may be old by then.
#[test]
fn changes_right_after_the_start_are_picked_up() {
    for _ in 0..10 {
        let dist = dist();
        let server = TestServer::of(&dist);
        dist.file("index.html", "at once");
        reads(&server, "/", "at once");
    }
}

/// More text than can be compressed while people wait: it is served at once, and compressed later.
#[test]
fn large_site_is_served_before_its_codings_are_made() {
    let dist = Dist::new();
    for n in 0..5 {
        dist.file(&format!("page-{n}.txt"), prose(1_000_000 + n));
    }
    let server = TestServer::of(&dist);
    let br = [("Accept-Encoding", "br")];
    let first = server.get_with("/page-0.txt", &br).expect(200);
    assert_eq!(first.coding(), None);
    super::eventually("compressed pages", || server.fetch("HEAD", "/page-4.txt", &br).coding() == Some("br"));
    let later = server.get_with("/page-0.txt", &br).expect(200);
    assert!(super::super::support::decode(later.coding(), &later.body) == first.body);
    assert_eq!(server.get("/page-0.txt").expect(200).etag(), first.etag(), "identity stays what it was");
}

#[test]
fn new_pack_is_named_in_the_log() {
    let dist = dist();
    let server = TestServer::of(&dist);
    let first = server.pack().to_owned();
    dist.file("index.html", "two");
    let line = server.log().wait_for(|line| line.contains("now serving pack ")).expect("a line about the new pack");
    assert!(!line.contains(&first), "{line}");
}

/// Makes a tree that can't be baked: a name that is not UTF-8.
fn break_tree(dist: &Dist) -> std::path::PathBuf {
    let path = dist.path().join(OsStr::from_bytes(b"not-utf8-\xff.txt"));
    fs::write(&path, "x").unwrap();
    path
}

#[test]
fn broken_tree_keeps_the_last_good_one() {
    let dist = dist();
    let server = TestServer::of(&dist);
    let broken = break_tree(&dist);
    dist.file("index.html", "of the broken tree");
    assert!(server.log().wait_for(|line| line.contains("not-utf8-")).is_some(), "the log says why");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(server.get("/").expect(200).text(), "one");
    server.get("/docs/old.txt").expect(200);
    fs::remove_file(broken).unwrap();
    reads(&server, "/", "of the broken tree");
}

#[test]
fn emptied_folder_keeps_the_last_good_tree() {
    let dist = dist();
    let server = TestServer::of(&dist);
    fs::remove_file(dist.path().join("index.html")).unwrap();
    fs::remove_dir_all(dist.path().join("docs")).unwrap();
    std::thread::sleep(Duration::from_millis(800));
    let kept = server.get("/").status;
    let docs = server.get("/docs/").status;
    assert!(kept == 200 || docs == 200, "an empty folder is never served: {kept} {docs}");
    dist.file("index.html", "back");
    reads(&server, "/", "back");
}

/// Deployments that swap whole folders: the name is what is served, not the folder that once had it.
#[test]
fn folder_replaced_by_another_is_picked_up() {
    let dist = dist();
    let server = TestServer::of(&dist);
    let next = dist.beside("next");
    fs::create_dir(&next).unwrap();
    fs::write(next.join("index.html"), "next").unwrap();
    fs::rename(dist.path(), dist.beside("previous")).unwrap();
    assert_eq!(server.get("/").expect(200).text(), "one");
    fs::rename(&next, dist.path()).unwrap();
    reads(&server, "/", "next");
    dist.file("index.html", "next, edited");
    reads(&server, "/", "next, edited");
}

#[test]
fn folder_named_by_a_link_follows_the_link() {
    let dist = Dist::new();
    for release in ["one", "two"] {
        fs::create_dir(dist.beside(release)).unwrap();
        fs::write(dist.beside(release).join("index.html"), release).unwrap();
    }
    let current = dist.beside("current");
    std::os::unix::fs::symlink("one", &current).unwrap();
    let server = TestServer::start(&["--dist-dir", current.to_str().unwrap()]);
    reads(&server, "/", "one");
    for release in ["two", "one", "two", "one", "two"] {
        std::os::unix::fs::symlink(release, dist.beside("next")).unwrap();
        fs::rename(dist.beside("next"), &current).unwrap();
        reads(&server, "/", release);
        let edited = format!("{release}, edited");
        fs::write(dist.beside(release).join("index.html"), &edited).unwrap();
        reads(&server, "/", &edited);
        fs::write(dist.beside(release).join("index.html"), release).unwrap();
        reads(&server, "/", release);
    }
}
