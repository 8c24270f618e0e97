//! `--spa`: navigations to missing paths get the application, nothing else does.

use super::super::support::{Dist, TestServer};

const NAVIGATION: &[(&str, &str)] =
    &[("Sec-Fetch-Mode", "navigate"), ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")];

fn server() -> TestServer {
    let dist = Dist::with(&[
        ("index.html", b"<p>the application"),
        ("404.html", b"<p>missing"),
        ("app.js", b"start()"),
        ("docs/index.html", b"<p>docs"),
        ("about.html", b"<p>about"),
    ]);
    TestServer::with(&dist, &["--spa"])
}

#[test]
fn navigations_get_the_application() {
    let server = server();
    for target in ["/settings", "/users/42", "/users/42/", "/a/b/c?tab=1", "/v1.2/notes", "/%E6%97%A5"] {
        for headers in [
            NAVIGATION,
            &[("Sec-Fetch-Mode", "navigate")],
            &[("Accept", "text/html")],
            &[("Accept", "application/xml, Text/HTML;q=0.9")],
        ] {
            let answer = server.get_with(target, headers).expect(200);
            assert_eq!(answer.text(), "<p>the application", "{target} {headers:?}");
            assert_eq!(answer.required("cache-control"), "no-cache");
        }
    }
}

#[test]
fn requests_that_are_not_navigations_get_404() {
    let server = server();
    for headers in [
        [].as_slice(),
        &[("Accept", "*/*")],
        &[("Accept", "application/json")],
        &[("Accept", "text/htmlx")],
        &[("Sec-Fetch-Mode", "cors"), ("Accept", "text/html")],
        &[("Sec-Fetch-Mode", "no-cors"), ("Accept", "*/*")],
        &[("Sec-Fetch-Mode", "same-origin"), ("Accept", "*/*")],
    ] {
        let answer = server.get_with("/settings", headers).expect(404);
        assert_eq!(answer.text(), "<p>missing", "{headers:?}");
        assert_eq!(answer.required("cache-control"), "no-store");
    }
}

#[test]
fn missing_files_are_missing_even_to_navigations() {
    let server = server();
    for target in ["/app.css", "/assets/index-BxZ3k9Qa.js", "/a/b.json", "/favicon.ico", "/x.html"] {
        server.get_with(target, NAVIGATION).expect(404);
    }
}

#[test]
fn what_exists_wins_over_the_application() {
    let server = server();
    assert_eq!(server.get_with("/app.js", NAVIGATION).expect(200).text(), "start()");
    assert_eq!(server.get_with("/about", NAVIGATION).expect(200).text(), "<p>about");
    assert_eq!(server.get_with("/docs/", NAVIGATION).expect(200).text(), "<p>docs");
    server.get_with("/docs", NAVIGATION).expect(308);
}

#[test]
fn application_is_revalidated_at_every_path() {
    let server = server();
    let tag = server.get("/").expect(200).etag().to_owned();
    let headers = [NAVIGATION, &[("If-None-Match", &*tag)]].concat();
    assert_eq!(server.get_with("/settings", &headers).expect(304).etag(), tag);
}

#[test]
fn head_agrees_and_other_methods_are_refused() {
    let server = server();
    let get = server.get_with("/settings", NAVIGATION).expect(200);
    let head = server.fetch("HEAD", "/settings", NAVIGATION).expect(200);
    assert_eq!(head.stable_headers(), get.stable_headers());
    server.fetch("POST", "/settings", NAVIGATION).expect(405);
}

#[test]
fn unclean_paths_are_not_navigations() {
    let server = server();
    for target in ["/../settings", "/a/%2e%2e/settings", "/settings%00", "/a%2f..%2fb", "/a\\..\\b", "/%2e"] {
        let answer = server.get_with(target, NAVIGATION);
        assert!(matches!(answer.status, 400 | 404), "{target}: {}", answer.status);
    }
}

#[test]
fn without_the_flag_navigations_get_404() {
    let dist = Dist::with(&[("index.html", b"<p>the application")]);
    TestServer::of(&dist).get_with("/settings", NAVIGATION).expect(404);
}
