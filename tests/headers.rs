//! `_headers`: which answers get which fields, and how broken rules are refused.

use super::support::{Dist, Response, TestServer, prose, run, site};

fn dist(rules: &str) -> Dist {
    let dist = Dist::with(&[
        ("index.html", b"<p>home"),
        ("about.html", b"<p>about"),
        ("404.html", b"<p>missing"),
        ("docs/index.html", b"<p>docs"),
        ("app-4f9a1c02e7.js", b"start()"),
        ("_redirects", b"/old /about 301\n/app/* /index.html 200\n/start /about 200\n"),
    ]);
    dist.file("docs/guide.html", prose(3000)).file("_headers", rules);
    dist
}

/// All lines of a field.
fn lines<'a>(response: &'a Response, name: &str) -> Vec<&'a str> {
    response.headers.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str()).collect()
}

#[test]
fn rules_apply_to_every_kind_of_answer() {
    for server in TestServer::each(&dist("/*\n  X-Everywhere: yes\n  Strict-Transport-Security: max-age=300\n")) {
        let tag = server.get("/docs/guide").expect(200).etag().to_owned();
        let html = ("Accept", "text/html");
        for (method, target, headers, status) in [
            ("GET", "/", vec![], 200),
            ("HEAD", "/", vec![], 200),
            ("GET", "/docs/guide", vec![("Accept-Encoding", "br")], 200),
            ("GET", "/docs/guide", vec![("Range", "bytes=0-9")], 206),
            ("GET", "/docs/guide", vec![("Range", "bytes=0-9,20-29")], 206),
            ("GET", "/docs/guide", vec![("If-None-Match", tag.as_str())], 304),
            ("GET", "/docs/guide", vec![("If-Match", "\"x\"")], 412),
            ("GET", "/docs/guide", vec![("Range", "bytes=9999999-")], 416),
            ("GET", "/docs/guide", vec![("Accept-Encoding", "identity;q=0, *;q=0")], 406),
            ("GET", "/nothing", vec![], 404),
            ("GET", "//not/clean", vec![], 404),
            ("GET", "/old", vec![], 301),
            ("GET", "/docs", vec![], 308),
            ("GET", "/app/x", vec![html], 200),
            ("GET", "/app/x", vec![], 404),
            ("GET", "/start", vec![], 200),
            ("DELETE", "/", vec![], 405),
            ("OPTIONS", "/", vec![], 204),
        ] {
            let answer = server.fetch(method, target, &headers).expect(status);
            assert_eq!(lines(&answer, "x-everywhere"), ["yes"], "{method} {target} {headers:?}");
            assert_eq!(lines(&answer, "strict-transport-security"), ["max-age=300"], "{method} {target} {headers:?}");
        }
    }
}

#[test]
fn values_replace_defaults_join_stay_apart_and_are_removed() {
    for server in TestServer::each(&dist(
        "# comment\n/*\n  Referrer-Policy: no-referrer\n  X-Joined: a\n  Link: </a.css>; rel=preload; as=style\n  X-Gone: 1\n\
         /docs/*\n  x-joined: b\n  Link: </b.css>; rel=preload; as=style\n  ! x-gone\n  ! X-Content-Type-Options\n\
         /docs/guide\n  X-Joined: c\n  X-Gone: 2\n",
    )) {
        let home = server.get("/").expect(200);
        assert_eq!(lines(&home, "referrer-policy"), ["no-referrer"]);
        assert_eq!((lines(&home, "x-joined"), lines(&home, "x-gone")), (vec!["a"], vec!["1"]));
        let docs = server.get("/docs/").expect(200);
        assert_eq!((lines(&docs, "x-joined"), lines(&docs, "x-gone")), (vec!["a, b"], vec![]));
        assert_eq!(lines(&docs, "link"), ["</a.css>; rel=preload; as=style", "</b.css>; rel=preload; as=style"]);
        assert_eq!(lines(&docs, "x-content-type-options"), [""; 0]);
        let guide = server.get("/docs/guide").expect(200);
        assert_eq!((lines(&guide, "x-joined"), lines(&guide, "x-gone")), (vec!["a, b, c"], vec!["2"]));
    }
}

/// The rule for a page is the same whether it names the file or the page's address.
#[test]
fn rules_match_every_address_of_a_page_in_every_mode() {
    for mode in ["auto", "always", "never", "none"] {
        let dist = dist(
            "/about\n  X-Clean: 1\n/about.html\n  X-File: 1\n/docs\n  X-Folder: 1\n/docs/index.html\n  X-Index: 1\n",
        );
        let server = TestServer::with(&dist, &["--trailing-slash", mode]);
        for (targets, names) in [
            (["/about", "/about/", "/about.html"], ["x-clean", "x-file"]),
            (["/docs", "/docs/", "/docs/index.html"], ["x-folder", "x-index"]),
        ] {
            let answers = targets.map(|target| server.get(target));
            let page = answers.iter().find(|answer| answer.status == 200).expect("one address answers");
            for name in names {
                assert_eq!(lines(page, name), ["1"], "{mode} {name}");
            }
        }
    }
}

#[test]
fn cache_policies_reach_pages_and_redirects_but_no_error() {
    for server in TestServer::each(&dist(
        "/*\n  Cache-Control: public, max-age=600\n  CDN-Cache-Control: max-age=900\n  Expires: Thu, 01 Jan 2099 00:00:00 GMT\n",
    )) {
        for (target, headers, status) in [
            ("/", vec![], 200),
            ("/app-4f9a1c02e7.js", vec![], 200),
            ("/docs/guide", vec![("Range", "bytes=0-9")], 206),
            ("/docs", vec![], 308),
            ("/old", vec![], 301),
        ] {
            let answer = server.get_with(target, &headers).expect(status);
            assert_eq!(answer.required("cache-control"), "public, max-age=600", "{target}");
            assert_eq!(answer.required("cdn-cache-control"), "max-age=900", "{target}");
        }
        for (target, headers, status) in [
            ("/nothing", vec![], 404),
            ("/docs/guide", vec![("If-Match", "\"x\"")], 412),
            ("/docs/guide", vec![("Range", "bytes=9999999-")], 416),
        ] {
            let answer = server.get_with(target, &headers).expect(status);
            assert_eq!(lines(&answer, "cache-control"), ["no-store"], "{target}");
            assert_eq!((answer.header("expires"), answer.header("cdn-cache-control")), (None, None), "{target}");
        }
    }
}

/// What is sent at a foreign address has its own fields, and those of the rules for that address, each once.
#[test]
fn foreign_addresses_get_the_rules_of_both() {
    for server in TestServer::each(&dist(
        "/*\n  X-All: 1\n/about\n  X-Page: 1\n/start\n  X-Path: 1\n/app/*\n  X-App: 1\n/nothing\n  X-Missing: 1\n  Content-Type: text/plain\n",
    )) {
        let start = server.get("/start").expect(200);
        for name in ["x-all", "x-page", "x-path"] {
            assert_eq!(lines(&start, name), ["1"], "{name}");
        }
        assert_eq!(server.get("/about").expect(200).header("x-path"), None);
        let application = server.get_with("/app/x", &[("Accept", "text/html")]).expect(200);
        assert_eq!((lines(&application, "x-app"), lines(&application, "x-all")), (vec!["1"], vec!["1"]));
        let missing = server.get("/nothing").expect(404);
        assert_eq!((lines(&missing, "x-missing"), lines(&missing, "x-all")), (vec!["1"], vec!["1"]));
    }
}

#[test]
fn built_in_answers_keep_their_own_type() {
    let dist =
        Dist::with(&[("index.html", b"<p>home"), ("_headers", b"/*\n  Content-Type: application/x-mine\n  X-A: 1\n")]);
    let server = TestServer::of(&dist);
    assert_eq!(server.get("/").expect(200).required("content-type"), "application/x-mine");
    let missing = server.get("/nothing").expect(404);
    assert!(missing.required("content-type").starts_with("text/plain"));
    assert_eq!(missing.required("x-a"), "1");
}

#[test]
fn broken_rules_are_refused_with_their_line() {
    for (rules, message) in [
        ("/*\n  ETag: \"x\"\n", "_headers:2: etag can't be set here"),
        ("/*\n  Content-Length: 5\n", "_headers:2: content-length can't be set here"),
        ("X-A: 1\n", "_headers:1: the line belongs to no path"),
    ] {
        let dist = dist(rules);
        let output = run(site(&["serve", "--listen-on", "127.0.0.1:0", "--dist-dir", &dist.argument()]));
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.lines().last().unwrap().contains(message), "{error}");
    }
}

#[test]
fn changed_rules_are_served_without_a_restart() {
    let dist = dist("/*\n  X-A: 1\n");
    let server = TestServer::of(&dist);
    dist.replace("_headers", "/*\n  X-A: 1\nbroken\n");
    server.log().wait_for(|line| line.contains("_headers:3:")).expect("the broken line is logged");
    assert_eq!(server.get("/").required("x-a"), "1");
    dist.replace("_headers", "/*\n  X-A: 2\n");
    server.log().wait_for(|line| line.contains("now serving pack")).expect("the mended site");
    assert_eq!(server.get("/").required("x-a"), "2");
}

#[test]
fn exposed_variables_get_the_rules_but_keep_their_cache_policy() {
    let dist = dist("/*\n  X-A: 1\n  Cache-Control: max-age=600\n");
    let server = TestServer::with(&dist, &["--expose-env", "/config.json=SITE_TEST_NOTHING_*"]);
    let config = server.get("/config.json").expect(200);
    assert_eq!((config.required("x-a"), config.required("cache-control")), ("1", "no-store"));
    assert!(config.required("content-type").starts_with("application/json"));
}
