//! The end of the process: SIGTERM and SIGINT finish what is in flight, within a time limit, and exit with 0.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::support::{Connection, Dist, TestServer, eventually, noise, request};

const LARGE: usize = 12_000_000;

/// A file that no socket buffers can hold whole.
fn dist() -> Dist {
    let dist = Dist::with(&[("a.txt", b"alpha")]);
    dist.file("large.png", noise(LARGE, 8));
    dist
}

/// Ends a server and says how long that took.
fn time_to_end(server: &mut TestServer) -> Duration {
    let started = Instant::now();
    let status = server.finish();
    assert_eq!(status.code(), Some(0), "{:?}", server.log().lines().last());
    started.elapsed()
}

#[test]
fn either_signal_ends_an_idle_server_at_once() {
    for name in ["TERM", "INT"] {
        let mut server = TestServer::embedded();
        server.get("/").expect(200);
        server.signal(name);
        assert!(time_to_end(&mut server) < Duration::from_secs(3), "SIG{name}");
    }
}

#[test]
fn idle_connections_are_closed_at_once() {
    let mut server = TestServer::embedded();
    let mut used: Vec<_> = (0..20).map(|_| server.connect()).collect();
    for connection in &mut used {
        connection.get("/").expect(200);
    }
    let mut fresh = server.connect();
    server.get("/").expect(200);
    server.signal("TERM");
    assert!(time_to_end(&mut server) < Duration::from_secs(3));
    for connection in used.iter_mut().chain([&mut fresh]) {
        connection.expect_end();
    }
}

#[test]
fn response_in_flight_is_finished() {
    for name in ["TERM", "INT"] {
        let mut server = TestServer::of(&dist());
        let mut slow = Connection::narrow(server.addresses()[0]);
        slow.send(request("GET", "/large.png", &[]));
        slow.head("GET").expect("a response").expect(200);
        let mut body = slow.body(100_000);
        server.signal(name);
        std::thread::sleep(Duration::from_millis(500));
        assert!(server.is_running(), "SIG{name} cut a response off");
        body.extend(slow.body(usize::MAX));
        assert!(slow.owed() == 0 && body == noise(LARGE, 8), "{} bytes are missing", slow.owed());
        slow.expect_end();
        assert!(time_to_end(&mut server) < Duration::from_secs(3), "SIG{name}");
    }
}

#[test]
fn new_connections_are_refused_while_draining() {
    let mut server = TestServer::of(&dist());
    let address = server.addresses()[0];
    let mut slow = Connection::narrow(address);
    slow.send(request("GET", "/large.png", &[]));
    slow.head("GET").expect("a response").expect(200);
    server.signal("TERM");
    eventually("the listener closes", || TcpStream::connect(address).is_err());
    assert_eq!(slow.body(usize::MAX).len(), LARGE);
    time_to_end(&mut server);
}

#[test]
fn timeout_ends_what_would_not_end() {
    let mut server = TestServer::with(&dist(), &["--shutdown-timeout", "1"]);
    let mut stuck = Connection::narrow(server.addresses()[0]);
    stuck.send(request("GET", "/large.png", &[]));
    stuck.head("GET").expect("a response").expect(200);
    server.signal("TERM");
    let time = time_to_end(&mut server);
    assert!((Duration::from_millis(700)..Duration::from_secs(4)).contains(&time), "{time:?}");
}

#[test]
fn unfinished_head_does_not_hold_the_end() {
    let mut server = TestServer::with(&dist(), &["--shutdown-timeout", "2"]);
    let mut connection = server.connect();
    connection.get("/a.txt").expect(200);
    connection.send("GET /a.txt HTTP/1.1\r\nHost: si");
    std::thread::sleep(Duration::from_millis(50));
    server.signal("TERM");
    assert!(time_to_end(&mut server) < Duration::from_secs(5));
}

/// A response that was promised before the signal is sent; none is promised after it without a close.
#[test]
fn pipelined_requests_end_at_a_whole_response() {
    let mut server = TestServer::of(&dist());
    let mut slow = Connection::narrow(server.addresses()[0]);
    for _ in 0..3 {
        slow.send(request("GET", "/large.png", &[]));
    }
    slow.head("GET").expect("a response").expect(200);
    slow.body(100_000);
    server.signal("TERM");
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(slow.body(usize::MAX).len(), LARGE - 100_000);
    while let Some(next) = slow.next_response("GET") {
        assert_eq!(next.body.len(), LARGE);
    }
    time_to_end(&mut server);
}

#[test]
fn second_signal_is_not_a_crash() {
    let mut server = TestServer::embedded();
    server.get("/").expect(200);
    server.signal("TERM");
    server.signal("TERM");
    time_to_end(&mut server);
}
