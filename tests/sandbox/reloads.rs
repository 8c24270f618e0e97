//! Deployments that replace a folder, while its server is inside the sandbox.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::super::support::{Dist, TestServer, eventually, noise};
use super::{all_are_filtered, line};

const LEVELS: [&str; 2] = ["best-effort", "required"];

/// Starts a server of a folder, inside the sandbox.
fn serve(folder: &Path, level: &str) -> TestServer {
    let server = TestServer::start(&["--dist-dir", folder.to_str().expect("UTF-8"), "--sandbox", level]);
    assert!(line(&server).contains("file system closed but for reading in"), "{}", line(&server));
    all_are_filtered(&server);
    server
}

/// Writes a release: a page, and a file that is too large to be held in memory.
fn release(folder: &Path, number: u64) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("index.html"), format!("<p>release {number}")).unwrap();
    fs::write(folder.join("film.mp4"), noise(300_000, number)).unwrap();
}

#[track_caller]
fn becomes(server: &TestServer, number: u64) {
    eventually(&format!("release {number}"), || server.get("/").body == format!("<p>release {number}").as_bytes());
    assert!(server.get("/film.mp4").expect(200).body == noise(300_000, number));
}

#[test]
fn a_folder_that_is_moved_away_and_replaced_is_read_again() {
    for level in LEVELS {
        let place = Dist::new();
        let folder = place.beside("site");
        release(&folder, 1);
        let server = serve(&folder, level);
        for number in 2..5 {
            release(&place.beside("next"), number);
            fs::rename(&folder, place.beside(&format!("before-{number}"))).unwrap();
            fs::rename(place.beside("next"), &folder).unwrap();
            becomes(&server, number);
        }
        server.stop();
    }
}

/// A volume of Kubernetes: files are links through `..data`, a link to a folder that is replaced by a new one.
#[test]
fn a_mounted_volume_is_read_again() {
    for level in LEVELS {
        let volume = Dist::new();
        let publish = |number: u64| {
            release(&volume.path().join(format!("..{number}")), number);
            symlink(format!("..{number}"), volume.path().join("..data_tmp")).unwrap();
            fs::rename(volume.path().join("..data_tmp"), volume.path().join("..data")).unwrap();
        };
        publish(1);
        for file in ["index.html", "film.mp4"] {
            volume.link(file, format!("..data/{file}"));
        }
        let server = serve(&volume.path(), level);
        for number in 2..5 {
            publish(number);
            becomes(&server, number);
            fs::remove_dir_all(volume.path().join(format!("..{}", number - 1))).unwrap();
        }
        server.stop();
    }
}

/// The link is in one folder and the releases are in another.
#[test]
fn a_link_to_the_newest_release_is_followed_again() {
    for level in LEVELS {
        let place = Dist::new();
        fs::create_dir_all(place.beside("www")).unwrap();
        let publish = |number: u64| {
            release(&place.beside(&format!("releases/{number}")), number);
            symlink(format!("../releases/{number}"), place.beside("www/new")).unwrap();
            fs::rename(place.beside("www/new"), place.beside("www/current")).unwrap();
        };
        publish(1);
        let server = serve(&place.beside("www/current"), level);
        for number in 2..5 {
            publish(number);
            becomes(&server, number);
        }
        server.stop();
    }
}
