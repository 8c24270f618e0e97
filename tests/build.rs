//! Baking: one folder gives one pack, whatever its file times and the order in which it was written.

use std::fs::File;
use std::time::{Duration, SystemTime};

use super::support::{Dist, TestServer, prose};

/// The hash of the pack of a folder that holds these files, written in this order, all with one modification time.
fn pack(files: &[(&str, Vec<u8>)], modified: SystemTime) -> String {
    let dist = Dist::new();
    for (path, bytes) in files {
        dist.file(path, bytes);
        File::options().append(true).open(dist.path().join(path)).unwrap().set_modified(modified).unwrap();
    }
    TestServer::of(&dist).pack().to_owned()
}

fn files() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("index.html", prose(3000)),
        ("docs/index.html", prose(2000)),
        ("docs/a.txt", b"a".to_vec()),
        ("assets/app.js", prose(500)),
        ("empty", Vec::new()),
    ]
}

#[test]
fn same_folder_gives_the_same_pack_whatever_its_times_and_order() {
    let first = pack(&files(), SystemTime::UNIX_EPOCH + Duration::from_secs(1));
    let mut reversed = files();
    reversed.reverse();
    assert_eq!(pack(&reversed, SystemTime::now()), first);
}

#[test]
fn any_change_gives_another_pack() {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
    let first = pack(&files(), time);
    let mut content = files();
    content[2].1 = b"b".to_vec();
    let mut name = files();
    name[2].0 = "docs/b.txt";
    let mut fewer = files();
    fewer.pop();
    for changed in [content, name, fewer] {
        assert_ne!(pack(&changed, time), first);
    }
}
