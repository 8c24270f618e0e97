//! `_redirects`: what each rule makes of a request, and how broken rules are refused.

mod refused;

use super::support::{Dist, TestServer};

fn dist(rules: &str) -> Dist {
    let dist = Dist::with(&[
        ("index.html", b"<p>home"),
        ("about.html", b"<p>about"),
        ("docs/index.html", b"<p>docs"),
        ("docs/guide.html", b"<p>guide"),
        ("gone.html", b"<p>gone"),
        ("404.html", b"<p>missing"),
        ("app.js", b"start()"),
    ]);
    dist.file("_redirects", rules);
    dist
}

#[track_caller]
fn leads(server: &TestServer, target: &str, status: u16, location: &str) {
    let answer = server.get(target).expect(status);
    assert_eq!(answer.required("location"), location, "{target}");
    assert_eq!(answer.required("cache-control"), "no-cache", "{target}");
    assert_eq!(answer.required("x-content-type-options"), "nosniff", "{target}");
}

#[test]
fn each_status_is_sent_with_the_target() {
    let server = TestServer::of(&dist(
        "# the statuses\n/a /docs/ 301\n/b /docs/ 302 # why\n/c /docs/ 303\n/d /docs/ 307\n/e https://example.com/x 308\n/f /docs/\n",
    ));
    for (target, status) in [("/a", 301), ("/b", 302), ("/c", 303), ("/d", 307), ("/f", 301)] {
        leads(&server, target, status, "/docs/");
        leads(&server, &format!("{target}/"), status, "/docs/");
    }
    leads(&server, "/e", 308, "https://example.com/x");
    let log = server.stop().join("\n");
    assert!(log.contains("_redirects:7: no status, so it is 301"), "{log}");
}

#[test]
fn placeholders_and_splats_are_filled_and_queries_kept() {
    for server in TestServer::each(&dist(
        "/blog/:year/:slug /docs/:slug-:year 301\n/old/* /new/:splat 302\n/q /docs/?own=1 302\n/f /docs/#part 302\n\
         /s/:w https://example.com/?q=:w 302\n/away/* https://example.com/:splat 307\n",
    )) {
        for (target, status, location) in [
            ("/blog/2026/rain", 301, "/docs/rain-2026"),
            ("/blog/2026/rain?x=1&y=%2F", 301, "/docs/rain-2026?x=1&y=%2F"),
            ("/old/a/b", 302, "/new/a/b"),
            ("/old/a/b/?q", 302, "/new/a/b/?q"),
            ("/old", 302, "/new/"),
            ("/old/a%20b%3Fc%23d", 302, "/new/a%20b%3Fc%23d"),
            ("/q?a=b", 302, "/docs/?own=1"),
            ("/f?a=b", 302, "/docs/?a=b#part"),
            ("/s/a%26b%3Dc", 302, "https://example.com/?q=a%26b%3Dc"),
            ("/away/x?y", 307, "https://example.com/x?y"),
        ] {
            leads(&server, target, status, location);
        }
        server.get("/blog/2026").expect(404);
        server.get("/older").expect(404);
    }
}

#[test]
fn the_first_rule_wins_and_files_win_unless_the_rule_says_otherwise() {
    for server in TestServer::each(&dist(
        "/p/:x /docs/ 301\n/p/* /gone.html 302\n/about /docs/ 301\n/docs/guide /about 302!\n/app.js /about 301!\n\
         /docs/* /about 307\n",
    )) {
        leads(&server, "/p/1", 301, "/docs/");
        leads(&server, "/p/1/2", 302, "/gone");
        assert_eq!(server.get("/about").expect(200).text(), "<p>about");
        server.get("/about.html").expect(308);
        server.get("/docs").expect(308);
        server.get("/docs/").expect(200);
        leads(&server, "/docs/guide", 302, "/about");
        leads(&server, "/app.js", 301, "/about");
        leads(&server, "/docs/other", 307, "/about");
    }
}

/// One redirect, not two: the rule leads to the page's clean address at once.
#[test]
fn a_target_that_is_a_page_is_written_clean() {
    for (mode, about, docs) in [
        ("auto", "/about", "/docs/"),
        ("always", "/about/", "/docs/"),
        ("never", "/about", "/docs"),
        ("none", "/about.html", "/docs/index.html"),
    ] {
        let dist = dist("/a /about.html 301\n/b /docs/index.html 302\n");
        let server = TestServer::with(&dist, &["--trailing-slash", mode]);
        for (target, status, location) in [("/a?q", 301, about), ("/b?q", 302, docs)] {
            leads(&server, target, status, &format!("{location}?q"));
            server.get(location).expect(200);
        }
    }
}

#[test]
fn rewrites_answer_with_the_target() {
    for server in
        TestServer::each(&dist("/start /about 200\n/guide/:page /docs/:page.html 200\n/lib/:x/app.js /app.js 200\n"))
    {
        let page = server.get("/start").expect(200);
        assert_eq!(page.text(), "<p>about");
        assert!(page.required("content-type").starts_with("text/html"));
        server.get_with("/start", &[("If-None-Match", page.etag())]).expect(304);
        server.get_with("/start", &[("Range", "bytes=0-1")]).expect(206);
        assert_eq!(server.get("/guide/guide").expect(200).text(), "<p>guide");
        assert_eq!(server.get("/guide/nothing").expect(404).text(), "<p>missing");
        assert_eq!(server.get("/lib/v1/app.js").expect(200).text(), "start()");
    }
}

#[test]
fn the_application_idiom_answers_navigations_alone() {
    for server in TestServer::each(&dist("/api/* /gone.html 404\n/* /index.html 200\n")) {
        let navigation = [("Sec-Fetch-Mode", "navigate"), ("Accept", "text/html")];
        for target in ["/settings", "/users/1/", "/v1.2/x?y"] {
            assert_eq!(server.get_with(target, &navigation).expect(200).text(), "<p>home", "{target}");
            let other = server.get(target).expect(404);
            assert_eq!((other.text(), other.required("cache-control")), ("<p>missing", "no-store"), "{target}");
        }
        assert_eq!(server.get_with("/old.js", &navigation).expect(404).text(), "<p>missing");
        assert_eq!(server.get_with("/api/users", &navigation).expect(404).text(), "<p>gone");
        assert_eq!(server.get("/app.js").expect(200).text(), "start()");
    }
}

#[test]
fn error_rules_answer_with_their_page_and_status() {
    for server in TestServer::each(&dist("/removed/* /gone.html 410\n/secret /404.html 404!\n")) {
        for (target, status, body) in [("/removed/x", 410, "<p>gone"), ("/secret", 404, "<p>missing")] {
            let answer = server.get(target).expect(status);
            assert_eq!((answer.text(), answer.required("cache-control")), (body, "no-store"));
            assert_eq!(answer.header("etag"), None);
            server.fetch("HEAD", target, &[]).expect(status);
        }
    }
}

#[test]
fn no_request_chooses_the_host() {
    let server = TestServer::of(&dist("/r/* /:splat 302\n/s/:x /:x 302\n/t/* https://example.com/:splat 302\n"));
    for path in [
        "//evil.example",
        "/%2Fevil.example",
        "/%5Cevil.example",
        "\\evil.example",
        "%5C%5Cevil.example",
        "%2F%2Fevil.example",
        "%09/evil.example",
        "%0d%0aX-Injected:1",
        "https:%2F%2Fevil.example",
        "/evil.example",
        "..//evil.example",
        "%00",
    ] {
        for prefix in ["/r/", "/s/", "/t/", "/r", "/t"] {
            let answer = server.get(&format!("{prefix}{path}"));
            assert_eq!(answer.header("x-injected"), None);
            let Some(location) = answer.header("location") else { continue };
            let own = location.strip_prefix("https://example.com").unwrap_or(location);
            assert!(own.starts_with('/') && !own.starts_with("//"), "{prefix}{path}: {location}");
            assert!(!location.contains(['\\', '\t', '\r', '\n']), "{prefix}{path}: {location}");
        }
    }
}

#[test]
fn ten_thousand_rules_are_served() {
    let rules: String = (0..10_000).map(|i| format!("/old/{i} /docs/?page={i} 301\n")).collect();
    for server in TestServer::each(&dist(&rules)) {
        let mut connection = server.connect();
        for i in [0, 1, 77, 4999, 9998, 9999] {
            assert_eq!(
                connection.get(&format!("/old/{i}")).expect(301).required("location"),
                format!("/docs/?page={i}")
            );
        }
        connection.get("/old/10000").expect(404);
    }
}

#[test]
fn policy_files_are_not_served() {
    let dist = dist("/a /about 301\n");
    dist.file("_headers", "/*\n  X-A: 1\n").file("docs/_headers", "a page's own file");
    let server = TestServer::of(&dist);
    for target in ["/_redirects", "/_headers", "/%5Fredirects"] {
        server.get(target).expect(404);
    }
    server.get("/docs/_headers").expect(200);
}
