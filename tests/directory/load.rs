//! Files replaced under load: an entity tag stands for the same bytes as long as anybody looks.

use std::collections::HashMap;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::super::support::{Connection, Dist, PATIENCE, TestServer, decode, eventually, request};

/// The `n`th version of a page: told apart at every position, of one length.
fn version(n: usize) -> Vec<u8> {
    let letter = b'a' + (n % 26) as u8;
    vec![letter; 20_000]
}

/// Asks until the flag is set, or the test must have failed: every entity tag that was seen, with its bytes.
fn watch(server: &TestServer, accept: &str, done: &AtomicBool) -> HashMap<String, Vec<u8>> {
    let mut connection = server.connect();
    let mut seen: HashMap<String, Vec<u8>> = HashMap::new();
    let started = Instant::now();
    while !done.load(Ordering::Relaxed) && started.elapsed() < 3 * PATIENCE {
        let response = connection.fetch("GET", "/page.txt", &[("Accept-Encoding", accept)]).expect(200);
        let plain = decode(response.coding(), &response.body);
        assert!(plain.len() == 20_000 && plain.iter().all(|byte| *byte == plain[0]), "two versions in one response");
        let known = seen.entry(response.etag().to_owned()).or_insert_with(|| response.body.clone());
        assert!(*known == response.body, "one tag, two bodies");
    }
    seen
}

#[test]
fn files_replaced_under_load_never_mix() {
    let dist = Dist::new();
    dist.file("page.txt", version(0));
    let server = TestServer::of(&dist);
    let done = AtomicBool::new(false);
    let seen = std::thread::scope(|scope| {
        let readers = ["identity", "br", "gzip"].map(|accept| scope.spawn(|| watch(&server, accept, &done)));
        for n in 1..20 {
            dist.replace("page.txt", version(n));
            std::thread::sleep(Duration::from_millis(60));
        }
        eventually("the last version", || server.get("/page.txt").body == version(19));
        done.store(true, Ordering::Relaxed);
        readers.map(|reader| reader.join().expect("a reader without a complaint"))
    });
    assert!(seen[0].len() >= 2, "the readers saw {} versions", seen[0].len());
}

const LARGE: usize = 24_000_000;

/// Starts a download of a large file of A, and reads a little of it.
fn begin(server: &TestServer) -> Connection {
    let mut connection = Connection::narrow(server.addresses()[0]);
    connection.send(request("GET", "/film.mp4", &[]));
    let head = connection.head("GET").expect("a response").expect(200);
    assert_eq!(head.content_length(), LARGE);
    assert!(connection.body(100_000).iter().all(|&byte| byte == b'A'));
    connection
}

/// Reads on: either the whole old file comes, or the connection is aborted; never a byte of the new one.
fn ends_honestly(mut connection: Connection) {
    let body = connection.body(usize::MAX);
    let foreign = body.iter().filter(|&&byte| byte != b'A').count();
    assert_eq!(foreign, 0, "bytes of the new file under the old tag");
    assert!(connection.owed() == 0 || body.len() < LARGE - 100_000);
}

#[test]
fn file_overwritten_in_mid_download_ends_the_download_honestly() {
    let dist = Dist::new();
    dist.file("film.mp4", vec![b'A'; LARGE]).file("index.html", "<p>home");
    let server = TestServer::of(&dist);
    std::thread::sleep(Duration::from_millis(50));
    let connection = begin(&server);
    dist.file("film.mp4", vec![b'B'; LARGE]);
    ends_honestly(connection);
    eventually("the new file", || server.get_with("/film.mp4", &[("Range", "bytes=-1")]).body == b"B");
    assert!(server.get("/film.mp4").expect(200).body == vec![b'B'; LARGE]);
}

#[test]
fn file_cut_short_in_mid_download_ends_the_download_honestly() {
    let dist = Dist::new();
    dist.file("film.mp4", vec![b'A'; LARGE]).file("index.html", "<p>home");
    let server = TestServer::of(&dist);
    std::thread::sleep(Duration::from_millis(50));
    let connection = begin(&server);
    fs::File::options().write(true).open(dist.path().join("film.mp4")).unwrap().set_len(200_000).unwrap();
    ends_honestly(connection);
    eventually("the new file", || server.get("/film.mp4").body == vec![b'A'; 200_000]);
}

/// A rename leaves the old file to those who read it: the download may well end whole.
#[test]
fn file_renamed_over_in_mid_download_ends_the_download_honestly() {
    let dist = Dist::new();
    dist.file("film.mp4", vec![b'A'; LARGE]).file("index.html", "<p>home");
    let server = TestServer::of(&dist);
    let connection = begin(&server);
    dist.replace("film.mp4", vec![b'B'; LARGE]);
    ends_honestly(connection);
    eventually("the new file", || server.get_with("/film.mp4", &[("Range", "bytes=0-0")]).body == b"B");
}
