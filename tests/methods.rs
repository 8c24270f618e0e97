//! Methods: GET, HEAD and OPTIONS are answered, all others refused with Allow (RFC 9110 sections 9 and 15.5.6).

use super::support::{Dist, TestServer};

fn server() -> TestServer {
    TestServer::of(&Dist::with(&[("index.html", b"<p>home"), ("docs/index.html", b"<p>docs")]))
}

#[test]
fn other_methods_are_refused_with_allow() {
    let server = server();
    for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE", "FOO", "PROPFIND", "get", "Get", "HEADS"] {
        for target in ["/", "/missing", "/docs"] {
            let refused = server.fetch(method, target, &[("Content-Length", "0")]);
            assert!(matches!(refused.status, 405 | 501), "{method} {target}: {}", refused.status);
            assert_eq!(refused.required("cache-control"), "no-store", "{method}");
            if refused.status == 405 {
                assert_eq!(refused.required("allow"), "GET, HEAD, OPTIONS", "{method}");
            }
        }
    }
}

#[test]
fn known_methods_answer_405_not_501() {
    let server = server();
    for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE"] {
        server.fetch(method, "/", &[("Content-Length", "0")]).expect(405);
    }
}

#[test]
fn options_answers_204_with_allow() {
    let server = server();
    for target in ["/", "/docs/", "/missing", "*"] {
        let answer = server.fetch("OPTIONS", target, &[]).expect(204);
        assert_eq!(answer.required("allow"), "GET, HEAD, OPTIONS", "{target}");
        assert_eq!(answer.header("content-length"), None, "RFC 9110 section 8.6: none in a 204");
    }
}

#[test]
fn trace_never_echoes() {
    let refused = server().fetch("TRACE", "/", &[("X-Secret", "cookie-of-the-victim")]);
    assert!(refused.status >= 400);
    assert!(!refused.text().contains("cookie-of-the-victim"));
    assert_ne!(refused.header("content-type"), Some("message/http"));
}

#[test]
fn connect_opens_no_tunnel() {
    let server = server();
    let mut connection = server.connect();
    connection.send("CONNECT site.test:80 HTTP/1.1\r\nHost: site.test:80\r\n\r\n");
    let refused = connection.response("CONNECT");
    assert!(matches!(refused.status, 400 | 405 | 501), "{}", refused.status);
}

#[test]
fn asterisk_is_for_options_only() {
    let answer = server().get("*");
    assert!(matches!(answer.status, 400 | 404), "{}", answer.status);
}

#[test]
fn head_answers_the_headers_of_get_for_errors_and_redirects_too() {
    let server = server();
    for target in ["/", "/docs", "/missing", "/docs/index.html", "/%zz"] {
        let get = server.get(target);
        let head = server.fetch("HEAD", target, &[]);
        assert_eq!((get.status, get.stable_headers()), (head.status, head.stable_headers()), "{target}");
    }
}

#[test]
fn field_names_go_out_in_lower_case_with_one_date() {
    let server = server();
    for (method, target) in [("GET", "/"), ("HEAD", "/"), ("GET", "/docs"), ("GET", "/missing"), ("POST", "/")] {
        let response = server.fetch(method, target, &[]);
        assert!(response.required("date").ends_with(" GMT"), "{method} {target}");
        for (name, _) in &response.headers {
            assert_eq!(*name, name.to_ascii_lowercase());
        }
    }
}
