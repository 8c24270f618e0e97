//! Persistence: when a connection stays and when it ends, RFC 9112 section 9.

use std::time::Duration;

use super::super::support::request;
use super::{exchange, server, statuses};

#[test]
fn close_is_heard_in_any_case_and_in_lists() {
    let server = server();
    for lines in [
        "Connection: close",
        "connection: close",
        "CONNECTION: CLOSE",
        "Connection: Close",
        "Connection: cLoSe",
        "Connection: keep-alive, close",
        "Connection: close, keep-alive",
        "Connection: te,close",
        "Connection:close",
        "Connection: \t close \t ",
        "Connection: ,close,",
        "Connection: keep-alive\r\nConnection: close",
        "Connection: close\r\nConnection: keep-alive",
        "Connection: close\r\nX-Other: 1",
    ] {
        let mut connection = server.connect();
        let closing = format!("GET /b.txt HTTP/1.1\r\nHost: site.test\r\n{lines}\r\n\r\n");
        connection.send(request("GET", "/a.txt", &[]) + &closing + &request("GET", "/a.txt", &[]));
        assert!(!connection.response("GET").expect(200).says_close());
        let last = connection.response("GET").expect(200);
        assert_eq!(last.text(), "beta, the second");
        assert!(last.says_close(), "{lines}");
        connection.expect_end();
    }
}

#[test]
fn other_options_keep_the_connection() {
    let server = server();
    for option in ["keep-alive", "Keep-Alive", "closed", "foreclose", "close-not", "x", "", "te, x-close"] {
        let mut connection = server.connect();
        for _ in 0..2 {
            assert!(!connection.fetch("GET", "/a.txt", &[("Connection", option)]).expect(200).says_close(), "{option}");
        }
        assert!(connection.stays_silent(Duration::from_millis(20)), "{option}");
    }
}

#[test]
fn http_1_0_closes_after_its_response() {
    let server = server();
    for text in [
        "GET /a.txt HTTP/1.0\r\n\r\n",
        "GET /a.txt HTTP/1.0\r\nHost: site.test\r\n\r\n",
        "GET /a.txt HTTP/1.0\r\nConnection: close\r\n\r\n",
        "GET /a.txt HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n",
    ] {
        let mut connection = server.connect();
        connection.send(text);
        assert_eq!(connection.response("GET").expect(200).text(), "alpha", "{text:?}");
        connection.expect_end();
    }
}

/// Section 9.3: a server that honours keep-alive of HTTP/1.0 says so, or else it closes.
#[test]
fn http_1_0_keep_alive_is_honoured_or_refused_but_never_half() {
    let server = server();
    let mut connection = server.connect();
    let text = "GET /a.txt HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n";
    for _ in 0..3 {
        connection.send_what_is_taken(text);
        let response = connection.response("GET").expect(200);
        assert_eq!(response.text(), "alpha");
        let options = response.header("connection").unwrap_or("close").to_ascii_lowercase();
        if options != "keep-alive" {
            connection.expect_end();
            return;
        }
    }
}

#[test]
fn http_1_0_after_http_1_1_closes() {
    let server = server();
    let mut connection = server.connect();
    let old = "GET /b.txt HTTP/1.0\r\nHost: site.test\r\n\r\n";
    connection.send(request("GET", "/a.txt", &[]) + old + &request("GET", "/a.txt", &[]));
    assert_eq!(connection.response("GET").expect(200).text(), "alpha");
    assert_eq!(connection.response("GET").expect(200).text(), "beta, the second");
    connection.expect_end();
}

#[test]
fn http_1_1_after_kept_http_1_0_is_answered_as_itself() {
    let server = server();
    let mut connection = server.connect();
    connection.send("HEAD /a.txt HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    let first = connection.response("HEAD").expect(200);
    if first.header("connection").is_some_and(|options| options.eq_ignore_ascii_case("keep-alive")) {
        assert_eq!(connection.get("/b.txt").expect(200).text(), "beta, the second");
        assert_eq!(connection.get("/a.txt").expect(200).text(), "alpha");
    } else {
        connection.expect_end();
    }
}

#[test]
fn client_that_half_closes_still_gets_its_answers() {
    let server = server();
    let one = exchange(&server, request("GET", "/a.txt", &[]));
    assert_eq!(statuses(&one), [200]);
    let text = request("GET", "/a.txt", &[]) + &request("GET", "/large.png", &[]) + &request("GET", "/b.txt", &[]);
    let three = exchange(&server, text);
    assert_eq!(statuses(&three), [200, 200, 200]);
    assert_eq!((three[1].body.len(), three[2].text()), (600_000, "beta, the second"));
}

#[test]
fn connection_that_ends_inside_a_head_is_closed() {
    let server = server();
    for text in ["GET /a.txt HT", "GET /a.txt HTTP/1.1\r\nHost: site.test\r\n", "\r\n", ""] {
        let answers = exchange(&server, text);
        assert!(matches!(statuses(&answers)[..], [] | [400] | [408]), "{text:?}: {:?}", statuses(&answers));
    }
    assert_eq!(server.get("/a.txt").expect(200).text(), "alpha");
}

#[test]
fn one_connection_serves_thousands_of_requests() {
    let server = server();
    let mut connection = server.connect();
    for n in 0..3000 {
        let (target, body) = if n % 2 == 0 { ("/a.txt", "alpha") } else { ("/b.txt", "beta, the second") };
        assert_eq!(connection.get(target).expect(200).text(), body);
    }
}

/// RFC 9110 section 7.8: the protocol stays what it is; RFC 9112 section 9.3: so does the connection, or it says not.
#[test]
fn upgrades_that_are_not_offered_are_ignored() {
    let server = server();
    for upgrade in ["websocket", "h2c", "TLS/1.2", "HTTP/2.0"] {
        let headers = [("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", upgrade), ("HTTP2-Settings", "AAMAAABk")];
        let mut connection = server.connect();
        let response = connection.fetch("GET", "/a.txt", &headers).expect(200);
        assert_eq!(response.text(), "alpha", "{upgrade}");
        if response.says_close() {
            connection.expect_end();
        } else {
            assert_eq!(connection.get("/b.txt").expect(200).text(), "beta, the second", "{upgrade}");
        }
    }
}

#[test]
fn silent_connections_do_not_stop_others() {
    let server = server();
    let silent: Vec<_> = (0..200).map(|_| server.connect()).collect();
    let mut halfway: Vec<_> = (0..200).map(|_| server.connect()).collect();
    for connection in &mut halfway {
        connection.send("GET /a.txt HTTP/1.1\r\nHost: si");
    }
    assert_eq!(server.get("/a.txt").expect(200).text(), "alpha");
    for connection in &mut halfway {
        connection.send("te.test\r\n\r\n");
        assert_eq!(connection.response("GET").expect(200).text(), "alpha");
    }
    drop(silent);
}
