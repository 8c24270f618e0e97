//! Framing: where a request ends, RFC 9112 section 6; a body is never answered as a request.

use super::super::support::request;
use super::{exchange, refused, server, statuses};

/// What must not be answered when it stands in a body.
const HIDDEN: &str = "GET /b.txt HTTP/1.1\r\nHost: site.test\r\n\r\n";

#[test]
fn body_is_never_answered_as_the_next_request() {
    let server = server();
    let length = HIDDEN.len();
    let chunked = format!("{length:x}\r\n{HIDDEN}\r\n0\r\n\r\n");
    for method in ["POST", "PUT", "GET", "HEAD", "DELETE", "OPTIONS", "FOO"] {
        for (framing, body) in [
            (format!("Content-Length: {length}"), HIDDEN.to_owned()),
            ("Transfer-Encoding: chunked".to_owned(), chunked.clone()),
            (format!("Expect: 100-continue\r\nContent-Length: {length}"), HIDDEN.to_owned()),
        ] {
            let text = format!("{method} /a.txt HTTP/1.1\r\nHost: site.test\r\n{framing}\r\n\r\n{body}");
            let mut connection = server.connect();
            connection.send_what_is_taken(&text);
            connection.half_close();
            let mut first = connection.response(method);
            if first.status == 100 {
                first = connection.response(method);
            }
            assert_ne!(first.body, b"beta, the second", "{text}");
            connection.expect_end();
        }
    }
}

/// The request after a body is answered as itself, or the connection has ended.
#[test]
fn request_after_a_body_is_answered_as_itself_or_not_at_all() {
    let server = server();
    let length = HIDDEN.len();
    for method in ["POST", "GET"] {
        let with_body =
            format!("{method} /a.txt HTTP/1.1\r\nHost: site.test\r\nContent-Length: {length}\r\n\r\n{HIDDEN}");
        let before = request("GET", "/b.txt", &[]);
        let answers = exchange(&server, before + &with_body + &request("GET", "/missing", &[]));
        assert_eq!(answers[0].text(), "beta, the second");
        let expected = if method == "GET" { 200 } else { 405 };
        match statuses(&answers)[1..] {
            [first] => assert!(first == expected || first == 400, "{first}"),
            [first, second] => assert_eq!((first, second), (expected, 404)),
            ref other => panic!("{other:?}"),
        }
    }
}

#[test]
fn body_that_comes_late_is_not_answered() {
    let server = server();
    let mut connection = server.connect();
    connection.send(format!("POST /a.txt HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", HIDDEN.len()));
    connection.response("POST").expect(405);
    connection.send_what_is_taken(HIDDEN);
    connection.expect_no_answer();
}

#[test]
fn large_bodies_end_in_an_answer() {
    let server = server();
    let body = "x".repeat(3_000_000);
    let text = format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let mut connection = server.connect();
    connection.send_what_is_taken(text);
    let answer = connection.response("POST");
    assert!(matches!(answer.status, 405 | 413), "{}", answer.status);
}

/// Section 6.1: with both fields, the connection must be closed after the one response.
#[test]
fn transfer_encoding_with_content_length_is_closed_or_refused() {
    let server = server();
    for fields in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Transfer-Encoding: chunked\r\nContent-Length: 0",
        "Content-Length: 40\r\nTransfer-Encoding: chunked",
    ] {
        for method in ["POST", "GET"] {
            let text = format!("{method} /a.txt HTTP/1.1\r\nHost: x\r\n{fields}\r\n\r\n0\r\n\r\n{HIDDEN}");
            refused(&server, text, &[200, 400, 405]);
        }
    }
}

/// Section 6.3: lengths that contradict each other, or are no lengths, can't frame anything.
#[test]
fn invalid_content_length_answers_400_and_closes() {
    let server = server();
    for fields in [
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 0\r\nContent-Length: 42",
        "Content-Length: 5, 6",
        "Content-Length: -1",
        "Content-Length: +5",
        "Content-Length: 0x5",
        "Content-Length: 5 5",
        "Content-Length: 5;5",
        "Content-Length: abc",
        "Content-Length: ",
        "Content-Length: 1e1",
        "Content-Length: 99999999999999999999999999",
        "Content-Length: 18446744073709551616",
        "Content-Length: \u{ff15}",
    ] {
        for method in ["POST", "GET"] {
            let text = format!("{method} /a.txt HTTP/1.1\r\nHost: x\r\n{fields}\r\n\r\n{HIDDEN}");
            let allowed: &[u16] = if fields.contains("999") || fields.contains("1844") { &[400, 413] } else { &[400] };
            refused(&server, text, allowed);
        }
    }
}

/// Section 6.3: equal lengths may be taken for one, or refused.
#[test]
fn repeated_equal_content_length_frames_or_is_refused() {
    let server = server();
    for fields in ["Content-Length: 5\r\nContent-Length: 5", "Content-Length: 5, 5"] {
        let text = format!("POST /a.txt HTTP/1.1\r\nHost: x\r\n{fields}\r\n\r\nhello{HIDDEN}");
        let answers = exchange(&server, text);
        match statuses(&answers)[..] {
            [400 | 405] => {}
            [405, 200] => assert_eq!(answers[1].text(), "beta, the second"),
            ref other => panic!("{other:?}"),
        }
    }
}

/// Section 6.3: without chunked as the final coding, a request has no end.
#[test]
fn unknown_transfer_coding_is_refused() {
    let server = server();
    for value in [
        "gzip",
        "identity",
        "chunked, gzip",
        "chunked, chunked",
        "xchunked",
        "chunkedx",
        "chunked;q=1, x",
        "\"chunked\"",
        "chunked, identity",
        "",
        "\x0bchunked",
        "chun ked",
    ] {
        for method in ["POST", "GET"] {
            let text =
                format!("{method} /a.txt HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: {value}\r\n\r\n0\r\n\r\n{HIDDEN}");
            refused(&server, text, &[400, 501]);
        }
    }
}

/// Section 6.1: HTTP/1.0 has no Transfer-Encoding; the framing is faulty and the connection ends.
#[test]
fn transfer_encoding_in_http_1_0_ends_the_connection() {
    let server = server();
    for method in ["POST", "GET"] {
        let mut connection = server.connect();
        connection.send_what_is_taken(format!(
            "{method} /a.txt HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{HIDDEN}"
        ));
        let answer = connection.response("GET");
        assert!(matches!(answer.status, 200 | 400 | 405), "{}", answer.status);
        connection.expect_end();
    }
}

/// Section 7.1: a size that one parser reads in another way than the next is how requests are smuggled.
#[test]
fn broken_chunks_are_never_followed_by_an_answer() {
    let server = server();
    for chunks in [
        "x\r\n",
        "-1\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5\r\nhelloXX0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "5;a=\nb\r\nhello\r\n0\r\n\r\n",
        "ffffffffffffffffff\r\n",
        "+5\r\nhello\r\n0\r\n\r\n",
        "\r\n0\r\n\r\n",
        "5 \r\nhello0\r\n\r\n",
    ] {
        let text = format!("POST /a.txt HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}{HIDDEN}");
        let answers = exchange(&server, text);
        assert!(matches!(statuses(&answers)[..], [400 | 405]), "{chunks:?}: {:?}", statuses(&answers));
    }
}
