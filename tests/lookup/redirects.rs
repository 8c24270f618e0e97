//! Redirects to folders: the query is kept, names are encoded, and no path leads to another host.

use super::super::support::{Dist, TestServer, request};
use super::stays_here;

#[test]
fn folder_redirects_once_with_its_query() {
    let server = TestServer::of(&Dist::with(&[("docs/api/index.html", b"<p>api"), ("docs/index.html", b"<p>docs")]));
    for (target, location) in [
        ("/docs", "/docs/"),
        ("/docs?x=1", "/docs/?x=1"),
        ("/docs?x=%2F&y=a+b?c", "/docs/?x=%2F&y=a+b?c"),
        ("/docs/api", "/docs/api/"),
        ("/docs?next=//evil.example/", "/docs/?next=//evil.example/"),
    ] {
        let redirect = server.get(target).expect(308);
        assert_eq!(redirect.required("location"), location, "{target}");
        server.get(location).expect(200);
    }
}

#[test]
fn location_is_encoded() {
    let names = [
        ("my docs", "/my%20docs/"),
        ("100%", "/100%25/"),
        ("what?", "/what%3F/"),
        ("hash#tag", "/hash%23tag/"),
        ("gr\u{fc}n", "/gr%C3%BCn/"),
        ("%2F", "/%252F/"),
        ("a\"b", "/a%22b/"),
        ("a<b>", "/a%3Cb%3E/"),
    ];
    let dist = Dist::new();
    for (name, _) in names {
        dist.file(&format!("{name}/index.html"), name);
    }
    let server = TestServer::of(&dist);
    for (name, location) in names {
        let redirect = server.get(location.trim_end_matches('/')).expect(308);
        assert_eq!(redirect.required("location"), location);
        assert_eq!(server.get(location).expect(200).text(), name);
    }
}

/// Paths that some server has turned into the address of another host, or into a field line.
const LEADING_AWAY: [&str; 30] = [
    "//evil.example",
    "//evil.example/",
    "///evil.example",
    "////evil.example",
    "//evil.example/..",
    "//evil.example/%2e%2e",
    "//evil.example/about.html",
    "//evil.example/about/",
    "//evil.example/index.html",
    "//evil.example//index.html",
    "/%2Fevil.example",
    "/%2fevil.example/",
    "/%2Fevil.example/..",
    "/%2F%2Fevil.example/%2e%2e",
    "/\\evil.example",
    "/%5Cevil.example",
    "/%5c%5cevil.example/..",
    "/./evil.example",
    "/.//evil.example",
    "/docs/..//evil.example",
    "/docs/%2e%2e//evil.example",
    "/docs//evil.example",
    "/%09/evil.example",
    "/%0d%0aLocation:%20//evil.example",
    "/docs%0d%0aX-Injected:%201",
    "/docs%0aSet-Cookie:a=b",
    "//user@evil.example/",
    "//docs",
    "//",
    "//docs/index.html",
];

/// Folders and pages with the names of hosts: a redirect to any of them that kept two slashes, or a backslash,
/// would lead a browser away.
#[test]
fn no_path_becomes_an_open_redirect() {
    let server = TestServer::of(&Dist::with(&[
        ("index.html", b"<p>home"),
        ("evil.example/index.html", b"<p>folder"),
        ("evil.example/about.html", b"<p>page"),
        ("docs/index.html", b"<p>docs"),
        ("docs/evil.example/index.html", b"<p>folder"),
    ]));
    for target in LEADING_AWAY {
        let mut connection = server.connect();
        connection.send(request("GET", target, &[]));
        let answer = connection.response("GET");
        assert!(answer.status < 500, "{target}: {}", answer.status);
        assert_eq!(answer.header("x-injected").or(answer.header("set-cookie")), None, "{target}");
        match answer.header("location") {
            Some(location) => stays_here(location),
            None => assert!(!matches!(answer.status, 301 | 302 | 303 | 307 | 308), "{target}"),
        }
    }
}

#[test]
fn redirect_ignores_preconditions() {
    let server = TestServer::of(&Dist::with(&[("docs/index.html", b"<p>docs")]));
    for headers in [("If-None-Match", "*"), ("If-Match", "\"another\""), ("Range", "bytes=0-1")] {
        server.get_with("/docs", &[headers]).expect(308);
    }
}
