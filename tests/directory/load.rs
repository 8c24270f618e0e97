//! Files replaced under load: an entity tag stands for the same bytes as long as anybody looks.

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::super::support::{Connection, Dist, LONG_PATIENCE, TestServer, decode, eventually, request};

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
    while !done.load(Ordering::Relaxed) && started.elapsed() < 2 * LONG_PATIENCE {
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

const LARGE: usize = 12_000_000;

/// A site with a large file of A.
fn films() -> (Dist, TestServer) {
    let dist = Dist::new();
    dist.file("film.mp4", vec![b'A'; LARGE]).file("index.html", "<p>home");
    let server = TestServer::of(&dist);
    (dist, server)
}

/// Starts a download and reads a little of it; the server then waits until more is read.
fn begin(server: &TestServer) -> Connection {
    let mut connection = Connection::narrow(server.addresses()[0]);
    connection.send(request("GET", "/film.mp4", &[]));
    let head = connection.head("GET").expect("a response").expect(200);
    assert_eq!(head.content_length(), LARGE);
    assert!(connection.body(100_000).iter().all(|&byte| byte == b'A'));
    std::thread::sleep(Duration::from_millis(200));
    connection
}

/// Reads on: either the whole old file comes, or the connection is aborted; never a byte of the new one.
fn ends_honestly(mut connection: Connection) {
    let body = connection.body(usize::MAX);
    let foreign = body.iter().filter(|&&byte| byte != b'A').count();
    assert_eq!(foreign, 0, "bytes of the new file under the old tag");
    assert!(connection.owed() == 0 || body.len() < LARGE - 100_000);
}

/// Waits until the new file is served, and asserts that it is served whole.
fn serves(server: &TestServer, content: &[u8]) {
    let last = &content[content.len() - 1..];
    eventually("the new file", || {
        let end = server.get_with("/film.mp4", &[("Range", "bytes=-1")]);
        end.body == last && end.required("content-range").ends_with(&format!("/{}", content.len()))
    });
    assert!(server.get("/film.mp4").expect(200).body == content);
}

#[test]
fn file_overwritten_in_place_ends_its_downloads_honestly() {
    let (dist, server) = films();
    let connection = begin(&server);
    let mut file = fs::File::options().write(true).open(dist.path().join("film.mp4")).unwrap();
    file.write_all(&vec![b'B'; LARGE]).unwrap();
    drop(file);
    ends_honestly(connection);
    serves(&server, &vec![b'B'; LARGE]);
}

#[test]
fn file_truncated_and_written_anew_ends_its_downloads_honestly() {
    let (dist, server) = films();
    let connection = begin(&server);
    dist.file("film.mp4", vec![b'B'; LARGE]);
    ends_honestly(connection);
    serves(&server, &vec![b'B'; LARGE]);
}

#[test]
fn file_cut_short_ends_its_downloads_honestly() {
    let (dist, server) = films();
    let connection = begin(&server);
    fs::File::options().write(true).open(dist.path().join("film.mp4")).unwrap().set_len(200_000).unwrap();
    ends_honestly(connection);
    serves(&server, &vec![b'A'; 200_000]);
}

/// A rename leaves the old file to those who read it: the download may well end whole.
#[test]
fn file_renamed_over_ends_its_downloads_honestly() {
    let (dist, server) = films();
    let connection = begin(&server);
    dist.replace("film.mp4", vec![b'B'; LARGE]);
    ends_honestly(connection);
    serves(&server, &vec![b'B'; LARGE]);
}
