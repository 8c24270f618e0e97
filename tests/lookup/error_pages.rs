//! Error pages: the nearest 404.html up the tree answers for what is missing, with status 404.

use super::super::support::{Dist, TestServer};

#[test]
fn nearest_404_page_up_the_tree_answers() {
    let dist = Dist::with(&[
        ("index.html", b"<p>home"),
        ("404.html", b"<p>not in the site"),
        ("docs/index.html", b"<p>docs"),
        ("docs/404.html", b"<p>not in the docs"),
        ("docs/api/v1/call.html", b"<p>call"),
        ("blog/post.html", b"<p>post"),
    ]);
    let server = TestServer::of(&dist);
    for (target, body) in [
        ("/missing", "<p>not in the site"),
        ("/missing.css", "<p>not in the site"),
        ("/blog/missing", "<p>not in the site"),
        ("/blog/", "<p>not in the site"),
        ("/docs/missing", "<p>not in the docs"),
        ("/docs/missing/", "<p>not in the docs"),
        ("/docs/api/v1/missing", "<p>not in the docs"),
        ("/docs/no/such/folder/x.js", "<p>not in the docs"),
        ("/documents/missing", "<p>not in the site"),
        ("/doc", "<p>not in the site"),
    ] {
        let answer = server.get(target).expect(404);
        assert_eq!(answer.text(), body, "{target}");
        assert_eq!(answer.required("content-type"), "text/html; charset=utf-8");
        assert_eq!(answer.required("cache-control"), "no-store");
        assert_eq!(answer.required("x-content-type-options"), "nosniff");
    }
}

#[test]
fn site_without_a_404_page_still_answers_404() {
    let server = TestServer::of(&Dist::with(&[("index.html", b"<p>home")]));
    let answer = server.get("/missing").expect(404);
    answer.required("content-type");
    assert!(!answer.body.is_empty());
    assert_eq!(answer.required("cache-control"), "no-store");
}

/// RFC 9110 section 13.2.1: preconditions count only where the answer would be 2xx or 412 without them.
#[test]
fn error_page_ignores_preconditions_and_ranges() {
    let dist = Dist::with(&[("index.html", b"<p>home"), ("404.html", b"<p>not in the site")]);
    let server = TestServer::of(&dist);
    for headers in
        [("If-None-Match", "*"), ("If-Match", "\"another\""), ("Range", "bytes=0-1"), ("Range", "bytes=99999-")]
    {
        let answer = server.get_with("/missing", &[headers]).expect(404);
        assert_eq!(answer.text(), "<p>not in the site", "{headers:?}");
    }
}

#[test]
fn error_page_is_never_said_to_be_cacheable() {
    let dist = Dist::with(&[("index.html", b"<p>home"), ("404.html", b"<p>not in the site")]);
    let server = TestServer::of(&dist);
    for target in ["/assets/index-BxZ3k9Qa.js", "/app.3f9a1c2b4d5e6f70.css", "/missing"] {
        let answer = server.get(target).expect(404);
        assert_eq!(answer.required("cache-control"), "no-store", "{target}");
    }
}

#[test]
fn folder_without_an_index_is_not_listed() {
    let dist = Dist::with(&[("index.html", b"<p>home"), ("private/names.txt", b"names")]);
    let server = TestServer::of(&dist);
    for target in ["/private", "/private/"] {
        let answer = server.get(target).expect(404);
        assert!(!answer.text().contains("names.txt"));
    }
}
