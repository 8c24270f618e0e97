//! Syntax of requests: what RFC 9112 sections 2, 3 and 5 forbid is refused, what they tolerate is served.

use super::super::support::{Random, request};
use super::{exchange, refused, server, statuses};

#[test]
fn what_is_not_a_request_line_answers_400() {
    let server = server();
    for line in [
        "GARBAGE",
        "GET",
        "GET /a.txt",
        "GET  /a.txt HTTP/1.1",
        "GET /a.txt  HTTP/1.1",
        " GET /a.txt HTTP/1.1",
        "GET /a b.txt HTTP/1.1",
        "GET /a.txt http/1.1",
        "GET /a.txt HTTP/1.1 x",
        "GET /a.txt HTTP/1",
        "GET /a.txt HTTP/11",
        "GET /a.txt HTTP/1.1.1",
        "GET /a.txt HTTP/x.y",
        "GET\t/a.txt\tHTTP/1.1",
        "G(T /a.txt HTTP/1.1",
        "/a.txt HTTP/1.1",
        "GET /a\u{1}.txt HTTP/1.1",
        "GET /a\u{7f}.txt HTTP/1.1",
        "HTTP/1.1 200 OK",
        "GET /a.txt HTTPS/1.1",
    ] {
        let text = format!("{line}\r\nHost: site.test\r\n\r\n");
        // `GET /a.txt` alone is HTTP/0.9, which nobody has to speak.
        refused(&server, text, &[400, 404, 414, 501, 505]);
    }
}

#[test]
fn other_major_versions_are_refused() {
    let server = server();
    for version in ["HTTP/0.9", "HTTP/2.0", "HTTP/3.0", "HTTP/9.9"] {
        refused(&server, format!("GET /a.txt {version}\r\nHost: site.test\r\n\r\n"), &[400, 505]);
    }
}

#[test]
fn bytes_of_other_protocols_are_refused() {
    let server = server();
    let hello: &[u8] = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 client hello \r\n\r\n";
    for bytes in [hello, b"SSH-2.0-OpenSSH_9.9\r\n\r\n", b"\0\0\0\0\r\n\r\n", b"EHLO site.test\r\n\r\n"] {
        let answers = exchange(&server, bytes);
        assert!(matches!(statuses(&answers)[..], [] | [400]), "{bytes:?}: {:?}", statuses(&answers));
    }
}

/// Section 5.1: a space before the colon is how two parsers come to see two names.
#[test]
fn malformed_field_lines_answer_400() {
    let server = server();
    for line in [
        "X : 1",
        "X\t: 1",
        ": 1",
        "X",
        "X Y: 1",
        "X(: 1",
        "X\u{1}: 1",
        "\u{fc}: 1",
        "Content-Length : 5",
        "X\r: 1",
        "X: a\0b",
    ] {
        refused(&server, format!("GET /a.txt HTTP/1.1\r\nHost: site.test\r\n{line}\r\n\r\n"), &[400]);
    }
}

/// Section 5.2: obsolete line folding is refused or replaced by spaces, never the start of another field.
#[test]
fn folded_fields_are_refused_or_unfolded() {
    let server = server();
    for fields in ["X: 1\r\n Host: evil.example", "X: 1\r\n\tContent-Length: 40"] {
        let text = format!("GET /a.txt HTTP/1.1\r\nHost: site.test\r\n{fields}\r\n\r\n");
        let answers = exchange(&server, text + &request("GET", "/b.txt", &[]));
        match statuses(&answers)[..] {
            [400] => {}
            [200, 200] => assert_eq!(answers[1].text(), "beta, the second"),
            ref other => panic!("{fields:?}: {other:?}"),
        }
    }
}

#[test]
fn whitespace_before_the_first_field_is_refused_or_skipped() {
    let server = server();
    let text = "GET /a.txt HTTP/1.1\r\n X: 1\r\nHost: site.test\r\n\r\n";
    let answers = exchange(&server, text);
    assert!(matches!(statuses(&answers)[..], [200] | [400]), "{:?}", statuses(&answers));
}

/// Section 2.2: a bare CR is invalid or a space, but never ends a line.
#[test]
fn bare_carriage_returns_end_nothing() {
    let server = server();
    for text in [
        "GET /a.txt HTTP/1.1\r\nHost: site.test\r\nX: 1\rGET /b.txt HTTP/1.1\r\n\r\n",
        "GET /a.txt HTTP/1.1\r\nHost: site.test\r\nX: 1\r\rGET /b.txt HTTP/1.1\r\r\r\n\r\n",
        "GET /a.txt HTTP/1.1\r\nHost: site.test\r\nX: 1\rContent-Length: 40\r\n\r\n",
        "GET /a.txt HTTP/1.1\rHost: site.test\r\n\r\n",
        "GET /a.txt\rHTTP/1.1\r\nHost: site.test\r\n\r\n",
        "GET /a.txt HTTP/1.1\r\nHost: site.test\r\r\n\r\n",
    ] {
        let answers = exchange(&server, text);
        assert!(matches!(statuses(&answers)[..], [200] | [400]), "{text:?}: {:?}", statuses(&answers));
        assert!(answers.iter().all(|answer| answer.body != b"beta, the second"), "{text:?}");
    }
}

/// Section 2.2: a single LF may end a line; if it does, it does so for every field.
#[test]
fn bare_line_feeds_are_line_ends_or_refused() {
    let server = server();
    for text in ["GET /a.txt HTTP/1.1\nHost: site.test\n\n", "GET /a.txt HTTP/1.1\r\nHost: site.test\nX: 1\r\n\r\n"] {
        let answers = exchange(&server, text);
        assert!(matches!(statuses(&answers)[..], [200] | [400]), "{text:?}: {:?}", statuses(&answers));
    }
}

/// Section 2.2: empty lines before a request line are ignored.
#[test]
fn empty_lines_between_requests_are_ignored() {
    let server = server();
    let text = "\r\n".to_owned() + &request("GET", "/a.txt", &[]) + "\r\n" + &request("GET", "/b.txt", &[]);
    let answers = exchange(&server, text);
    assert_eq!(statuses(&answers), [200, 200]);
}

#[test]
fn fields_of_any_legal_spelling_are_understood() {
    let server = server();
    for fields in [
        "hOST:site.test",
        "HOST:   site.test\t ",
        "Host: site.test\r\nX:",
        "Host: site.test\r\nX!#$%&'*+-.^_`|~9: 1",
        "Host: site.test\r\nX: \u{fc}\u{e9}",
        "X: 1\r\nX: 2\r\nHost: site.test",
        "Host: site.test\r\nX: a\tb",
    ] {
        let mut connection = server.connect();
        connection.send(format!("GET /a.txt HTTP/1.1\r\n{fields}\r\n\r\n"));
        assert_eq!(connection.response("GET").expect(200).text(), "alpha", "{fields:?}");
    }
}

#[test]
fn nothing_after_a_refusal_is_answered() {
    let server = server();
    for broken in ["GARBAGE\r\n\r\n", "GET /a.txt HTTP/1.1\r\nX : 1\r\nHost: x\r\n\r\n", "GET /a.txt HTTP/9.9\r\n\r\n"]
    {
        refused(&server, broken.to_owned() + &request("GET", "/b.txt", &[]), &[400, 505]);
        let first = request("GET", "/a.txt", &[]);
        let answers = exchange(&server, first + broken + &request("GET", "/b.txt", &[]));
        assert!(matches!(statuses(&answers)[..], [200, 400 | 505]), "{broken:?}: {:?}", statuses(&answers));
    }
}

#[test]
fn later_minor_versions_are_answered() {
    let server = server();
    let answers = exchange(&server, "GET /a.txt HTTP/1.2\r\nHost: site.test\r\n\r\n");
    assert!(matches!(statuses(&answers)[..], [200 | 400 | 505]), "{:?}", statuses(&answers));
}

/// Bytes that a head is made of, and those that parsers disagree about.
const PIECES: [&str; 23] = [
    "\r",
    "\n",
    "\r\n",
    "\r\n\r\n",
    "\n\n",
    "\n\r\n",
    "\r\r\n",
    " ",
    "\t",
    "\0",
    ":",
    "GET",
    "/",
    "HTTP/1.1",
    "Host: site.test",
    "Content-Length: 3",
    "Transfer-Encoding: chunked",
    "Connection: close",
    "\u{b}",
    "\u{fc}",
    "0",
    "Expect: 100-continue",
    "%",
];

/// Whatever a head is mutated to, the server neither hangs nor fails, and answers no more than there are requests.
#[test]
fn mutated_heads_never_hang_the_connection() {
    let server = server();
    let mut random = Random::seeded(0x9112_0002);
    let base = "GET /a.txt HTTP/1.1\r\nHost: site.test\r\nX-Field: some value\r\n\r\n".as_bytes();
    for _ in 0..4000 {
        let mut bytes = base.to_vec();
        for _ in 0..1 + random.below(3) {
            let at = random.below(bytes.len());
            let removed = random.below(4).min(bytes.len() - at);
            bytes.splice(at..at + removed, random.choice(&PIECES).bytes());
        }
        let statuses = statuses(&exchange(&server, &bytes));
        let text = String::from_utf8_lossy(&bytes);
        assert!(statuses.len() <= 3, "{statuses:?} to {text:?}");
        assert!(statuses.iter().all(|status| matches!(status, 100..=499 | 501 | 505)), "{statuses:?} to {text:?}");
    }
}

/// RFC 9110 section 10.1.1: the expectation is met by going on, or by the final answer.
#[test]
fn expectation_to_continue_is_met_or_answered() {
    let server = server();
    for (method, fields, status) in [("GET", "", 200), ("HEAD", "", 200), ("POST", "Content-Length: 3\r\n", 405)] {
        let mut connection = server.connect();
        connection.send(format!("{method} /a.txt HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n{fields}\r\n"));
        let mut answer = connection.response(method);
        if answer.status == 100 {
            connection.send_what_is_taken(if method == "POST" { "abc" } else { "" });
            answer = connection.response(method);
        }
        assert_eq!(answer.status, status, "{method}");
        if !answer.says_close() {
            assert_eq!(connection.get("/b.txt").expect(200).text(), "beta, the second", "{method}");
        }
    }
}
