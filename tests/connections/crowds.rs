//! Crowds: how many connections are served, and for how long a client may hold one.

use std::time::{Duration, Instant};

use super::super::support::{Connection, Dist, TestServer, eventually, noise, request, run, site};

const LARGE: usize = 12_000_000;

fn dist() -> Dist {
    let dist = Dist::with(&[("a.txt", b"alpha")]);
    dist.file("large.png", noise(LARGE, 8));
    dist
}

/// Asks for a file that no socket buffers can hold, and reads its head only.
fn stalled(server: &TestServer) -> Connection {
    let mut connection = Connection::narrow(server.addresses()[0]);
    connection.send(request("GET", "/large.png", &[]));
    connection.head("GET").expect("a response").expect(200);
    connection
}

#[test]
fn client_that_reads_nothing_is_dropped() {
    let server = TestServer::with(&dist(), &["--write-timeout", "1"]);
    let mut connection = stalled(&server);
    std::thread::sleep(Duration::from_secs(3));
    connection.body(usize::MAX);
    assert!(connection.owed() > 0, "the whole response came after all");
}

/// Reads a little all the time, for a while, and then whatever still comes.
fn read_slowly(connection: &mut Connection) {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(5) {
        connection.body(30_000);
        std::thread::sleep(Duration::from_millis(100));
    }
    connection.body(usize::MAX);
}

/// However much the kernel would like to hold: the time counts in which the client takes nothing.
#[test]
fn client_that_reads_slowly_but_steadily_is_served() {
    let server = TestServer::with(&dist(), &["--write-timeout", "1"]);
    let mut connection = stalled(&server);
    read_slowly(&mut connection);
    assert_eq!(connection.owed(), 0, "bytes are missing");
}

#[test]
fn client_that_reads_too_slowly_is_dropped() {
    let server = TestServer::with(&dist(), &["--write-timeout", "2", "--request-timeout", "2"]);
    let mut connection = stalled(&server);
    read_slowly(&mut connection);
    assert!(connection.owed() > 0, "the whole response came after all");
    // Time without a request under way does not count.
    let mut patient = server.connect();
    patient.get("/a.txt").expect(200);
    std::thread::sleep(Duration::from_secs(3));
    patient.get("/a.txt").expect(200);
}

#[test]
fn idle_connection_is_closed_in_time() {
    let server = TestServer::with(&dist(), &["--idle-timeout", "1"]);
    let mut connection = server.connect();
    connection.get("/a.txt").expect(200);
    let begun = Instant::now();
    connection.expect_end();
    assert!((Duration::from_millis(900)..Duration::from_secs(6)).contains(&begun.elapsed()), "{:?}", begun.elapsed());
}

#[test]
fn an_address_gets_no_more_connections_than_its_share() {
    let server = TestServer::with(&dist(), &["--max-connections-per-address", "3"]);
    let mut held: Vec<_> = (0..3).map(|_| server.connect()).collect();
    held.iter_mut().for_each(|connection| drop(connection.get("/a.txt").expect(200)));
    let mut refused = server.connect();
    refused.send_what_is_taken(request("GET", "/a.txt", &[]));
    assert!(refused.rest().is_empty(), "one more than its share");
    held.pop();
    eventually("the place is free again", || {
        let mut connection = server.connect();
        connection.send_what_is_taken(request("GET", "/a.txt", &[]));
        connection.next_response("GET").is_some()
    });
    held[0].get("/a.txt").expect(200);
}

#[test]
fn connections_beyond_the_limit_wait_and_are_then_served() {
    let server = TestServer::with(
        &dist(),
        &["--max-connections", "4", "--max-connections-per-address", "100", "--workers", "1"],
    );
    let mut held: Vec<_> = (0..4).map(|_| stalled(&server)).collect();
    let mut waiting: Vec<_> = (0..8).map(|_| server.connect()).collect();
    waiting.iter_mut().for_each(|connection| connection.send(request("GET", "/a.txt", &[])));
    assert!(waiting.iter_mut().all(|connection| connection.stays_silent(Duration::from_millis(50))));
    held.clear();
    for connection in &mut waiting {
        connection.response("GET").expect(200);
    }
}

/// When places are short, nobody keeps one between requests.
#[test]
fn crowded_server_closes_connections_after_their_responses() {
    let server = TestServer::with(
        &dist(),
        &["--max-connections", "8", "--max-connections-per-address", "100", "--workers", "1"],
    );
    let mut alone = server.connect();
    assert!(!alone.get("/a.txt").expect(200).says_close());
    let _held: Vec<_> = (0..6).map(|_| stalled(&server)).collect();
    let response = alone.get("/a.txt").expect(200);
    assert!(response.says_close());
    alone.expect_end();
}

#[test]
fn more_connections_than_files_may_be_open_are_refused_at_start() {
    let output = run(site(&["serve", "--listen-on", "127.0.0.1:0", "--max-connections", "4000000000"]));
    let message = String::from_utf8(output.stderr).unwrap();
    let last = message.lines().last().unwrap();
    assert!(
        output.status.code() == Some(1) && last.contains("--max-connections") && last.contains("ulimit"),
        "{message}"
    );
}
