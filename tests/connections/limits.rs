//! Limits: what is too long is refused, what is too slow ends, and what is merely large is served.

use std::time::{Duration, Instant};

use super::super::support::request;
use super::{refused, responses, server};

/// RFC 9112 section 3: request lines of 8000 octets should be supported.
#[test]
fn large_but_ordinary_requests_are_served() {
    let server = server();
    let query = "q".repeat(7900);
    server.get(&format!("/a.txt?{query}")).expect(200);
    let cookie = "c".repeat(8000);
    server.get_with("/a.txt", &[("Cookie", &cookie)]).expect(200);
    let names: Vec<_> = (0..60).map(|n| format!("X-Field-{n}")).collect();
    let many: Vec<_> = names.iter().map(|name| (name.as_str(), "some ordinary value")).collect();
    server.get_with("/a.txt", &many).expect(200);
}

#[test]
fn overlong_targets_are_refused() {
    let server = server();
    for length in [200_000, 2_000_000] {
        let target = format!("/{}", "a".repeat(length));
        refused(&server, request("GET", &target, &[]), &[400, 414, 431]);
    }
}

#[test]
fn overlong_heads_are_refused() {
    let server = server();
    let long = "v".repeat(1_000_000);
    refused(&server, request("GET", "/a.txt", &[("X", &long)]), &[400, 431]);
    let line = "x".repeat(300_000);
    refused(&server, request("GET", "/a.txt", &[(&line, "1")]), &[400, 431]);
    let many = vec![("X-Field", "value"); 20_000];
    refused(&server, request("GET", "/a.txt", &many), &[400, 431]);
}

#[test]
fn head_without_an_end_is_refused() {
    let server = server();
    refused(&server, "G".repeat(1_000_000), &[400, 414, 431, 501]);
    refused(&server, format!("GET /a.txt HTTP/1.1\r\n{}", "X: 1\r\n".repeat(200_000)), &[400, 431]);
    let mut connection = server.connect();
    connection.send_what_is_taken("\r\n".repeat(500_000));
    connection.half_close();
    assert!(responses(&mut connection).len() <= 1);
}

/// A refusal reaches a client that is still sending: the server reads on before it closes (section 9.6).
#[test]
fn refusal_arrives_while_the_client_still_sends() {
    let server = server();
    for _ in 0..5 {
        let mut connection = server.connect();
        connection.send(request("GET", "/a.txt", &[]));
        connection.send_what_is_taken(request("GET", &format!("/{}", "a".repeat(500_000)), &[]));
        let answers = responses(&mut connection);
        let statuses = super::statuses(&answers);
        assert!(matches!(statuses[..], [200, 400 | 414 | 431]), "{statuses:?}");
    }
}

/// A head may come slowly, but it must come to an end: first heads and later ones, however often a byte comes.
#[test]
fn heads_that_never_end_are_given_up() {
    let server = server();
    let later = request("GET", "/a.txt", &[]) + "GET /b.txt HT";
    let mut connections: Vec<_> = ["GET /a.txt HTTP/1.1\r\nHost: site.test\r\nX: ", "G", &later]
        .into_iter()
        .map(|text| {
            let mut connection = server.connect();
            connection.send(text);
            connection
        })
        .collect();
    connections[2].response("GET").expect(200);
    let started = Instant::now();
    while !connections.is_empty() {
        for connection in &mut connections {
            connection.send_what_is_taken("x");
        }
        std::thread::sleep(Duration::from_millis(300));
        assert!(started.elapsed() < Duration::from_secs(60), "a head is waited for without end");
        connections.retain_mut(|connection| {
            let waiting = connection.stays_silent(Duration::from_millis(10));
            if !waiting {
                let statuses = super::statuses(&responses(connection));
                assert!(matches!(statuses[..], [] | [408]), "{statuses:?}");
            }
            waiting
        });
    }
}
