//! Host and the forms of the request target: RFC 9112 section 3.

use super::super::support::request;
use super::{refused, server};

#[test]
fn missing_or_repeated_host_answers_400() {
    let server = server();
    for fields in [
        "",
        "X-Host: site.test\r\n",
        "Host: site.test\r\nHost: site.test\r\n",
        "Host: site.test\r\nHost: evil.example\r\n",
        "Host: site.test\r\nX: 1\r\nhOsT: evil.example\r\n",
        "Host: site.test\r\nHost:\r\n",
    ] {
        refused(&server, format!("GET /a.txt HTTP/1.1\r\n{fields}\r\n"), &[400]);
    }
    refused(&server, "GET /a.txt HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", &[400]);
}

/// Section 3.2: `Host = uri-host [ ":" port ]` of RFC 3986.
#[test]
fn invalid_host_answers_400_and_closes() {
    let server = server();
    for host in [
        "a b",
        "a/b",
        "user@site.test",
        "http://site.test",
        "site.test/",
        "site.test:80x",
        "site.test:8080:80",
        "site.test:-1",
        "[::1",
        "::1",
        "[::1]x",
        "[]",
        "[nonsense]",
        "site\ttest",
        "a,b",
        "a?b",
        "a#b",
        "a\\b",
        "\"a\"",
        "<a>",
        "a%zz",
        "a%2",
        "gr\u{fc}n.test",
        "a^b",
        "a|b",
        "{a}",
    ] {
        let allowed: &[u16] = if host == "a,b" { &[200, 400] } else { &[400] }; // a comma is a sub-delim
        let text = format!("GET /a.txt HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        refused(&server, text, allowed);
    }
}

#[test]
fn request_after_an_invalid_host_is_not_answered() {
    let text = "GET /a.txt HTTP/1.1\r\nHost: a b\r\n\r\n".to_owned() + &request("GET", "/b.txt", &[]);
    refused(&server(), text, &[400]);
}

#[test]
fn valid_hosts_are_served() {
    let server = server();
    for host in [
        "site.test",
        "SITE.test",
        "site.test:80",
        "site.test:",
        "127.0.0.1",
        "127.0.0.1:8080",
        "[::1]",
        "[::1]:8080",
        "[2001:db8::7]",
        "localhost",
        "a_b.test",
        "xn--grn-0na.test",
        "a%20b",
        "a!b",
        "site.test.",
        "[v1.fe80::a+en1]",
        " site.test ",
    ] {
        let mut connection = server.connect();
        connection.send(format!("GET /a.txt HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        assert_eq!(connection.response("GET").expect(200).text(), "alpha", "{host}");
    }
}

#[test]
fn http_1_0_needs_no_host() {
    let server = server();
    let mut connection = server.connect();
    connection.send("GET /a.txt HTTP/1.0\r\n\r\n");
    connection.response("GET").expect(200);
}

/// Section 3.2.2: a server must accept the absolute form, whatever the Host says.
#[test]
fn absolute_form_is_accepted() {
    let server = server();
    for (target, status, body) in [
        ("http://site.test/a.txt", 200, "alpha"),
        ("HTTP://SITE.test/a.txt", 200, "alpha"),
        ("http://site.test:8080/a.txt?x=1", 200, "alpha"),
        ("http://other.test/b.txt", 200, "beta, the second"),
        ("https://site.test/a.txt", 200, "alpha"),
        ("http://[::1]:80/a.txt", 200, "alpha"),
        ("http://site.test", 404, "<p>missing"),
        ("http://site.test?x", 404, "<p>missing"),
        ("http://site.test/missing", 404, "<p>missing"),
    ] {
        let answer = server.get(target).expect(status);
        assert_eq!(answer.text(), body, "{target}");
    }
    let redirect = server.get("http://evil.example/docs?x=1").expect(308);
    assert_eq!(redirect.required("location"), "/docs/?x=1");
}

#[test]
fn absolute_form_does_not_replace_the_host() {
    refused(&server(), "GET http://site.test/a.txt HTTP/1.1\r\n\r\n", &[400]);
}

#[test]
fn targets_of_no_form_are_refused() {
    let server = server();
    for target in ["a.txt", "site.test:80", "site.test/a.txt", "../a.txt", "?x", "ftp:", "http:///a.txt", "http://"] {
        let mut connection = server.connect();
        connection.send(request("GET", target, &[("Connection", "close")]));
        let answer = connection.response("GET");
        assert!(matches!(answer.status, 400 | 404), "{target}: {}", answer.status);
    }
}

#[test]
fn fragment_in_a_target_is_no_part_of_the_name() {
    let answer = server().get("/a.txt#part");
    assert!(matches!(answer.status, 200 | 400 | 404), "{}", answer.status);
}
