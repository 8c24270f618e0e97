//! `site explain`: the answer it tells is the answer that is sent, with the rule, the file and the header's origin.

use std::collections::BTreeMap;

use serde_json::Value;

use super::support::{Dist, TestServer, prose, run, site};

fn dist() -> Dist {
    let dist = Dist::with(&[
        ("index.html", b"<p>home"),
        ("about.html", b"<p>about"),
        ("404.html", b"<p>missing"),
        ("_redirects", b"# moved\n/old /about 301\n/about /docs/ 302\n/start /about 200\n/app/* /index.html 200\n"),
        ("_headers", b"/*\n  X-A: 1\n/docs/*\n  X-A: 2\n  Referrer-Policy: no-referrer\n"),
    ]);
    dist.file("docs/index.html", prose(3000));
    dist
}

fn explain(dist: &Dist, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = run(site(&[&["explain", "--dist-dir", &dist.argument()], arguments].concat()));
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn json(dist: &Dist, arguments: &[&str]) -> Value {
    let (code, out, error) = explain(dist, &[arguments, &["--json"]].concat());
    assert_eq!(code, Some(0), "{error}");
    serde_json::from_str(&out).expect("JSON")
}

/// The sources of the steps.
fn sources(explanation: &Value) -> Vec<&str> {
    let steps = explanation["steps"].as_array().unwrap();
    steps.iter().filter_map(|step| step["source"].as_str()).collect()
}

fn set_by<'a>(explanation: &'a Value, name: &str) -> &'a str {
    let headers = explanation["headers"].as_array().unwrap();
    let header = headers.iter().find(|header| header["name"] == name).unwrap_or_else(|| panic!("no {name}"));
    header["set_by"].as_str().unwrap()
}

#[test]
fn the_explained_answer_is_the_sent_one() {
    let dist = dist();
    let server = TestServer::with(&dist, &["--spa"]);
    for (method, target, headers) in [
        ("GET", "/", vec![]),
        ("GET", "/docs/", vec![("Accept-Encoding", "gzip, br")]),
        ("HEAD", "/docs/", vec![("Accept-Encoding", "gzip")]),
        ("GET", "/docs/", vec![("Range", "bytes=2-5")]),
        ("GET", "/docs/", vec![("If-None-Match", "*")]),
        ("GET", "/docs/", vec![("If-Match", "\"x\"")]),
        ("GET", "/docs/", vec![("Accept-Encoding", "*;q=0")]),
        ("GET", "/old?x=1", vec![]),
        ("GET", "/docs", vec![]),
        ("GET", "/start", vec![]),
        ("GET", "/app/x", vec![("Accept", "text/html")]),
        ("GET", "/app/x", vec![]),
        ("GET", "/other", vec![("Sec-Fetch-Mode", "navigate")]),
        ("GET", "//x/..", vec![]),
        ("DELETE", "/", vec![]),
        ("OPTIONS", "/", vec![]),
    ] {
        let sent = server.fetch(method, target, &headers);
        let mut arguments = vec![target.to_owned(), "--spa".into(), "--method".into(), method.into()];
        for (name, value) in &headers {
            arguments.extend(["-H".into(), format!("{name}: {value}")]);
        }
        let told = json(&dist, &arguments.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(told["status"], sent.status, "{method} {target} {headers:?}");
        let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for header in told["headers"].as_array().unwrap() {
            let text = |key: &str| header[key].as_str().unwrap().to_owned();
            fields.entry(text("name")).or_default().push(text("value"));
        }
        if matches!(sent.status, 204 | 304) {
            // There is no content whose length could be told.
            fields.remove("content-length");
        }
        assert_eq!(fields, sent.stable_headers(), "{method} {target} {headers:?}");
    }
}

#[test]
fn the_deciding_line_or_file_is_named() {
    let dist = dist();
    for (target, expected) in [
        ("/old", &["_redirects:2"][..]),
        ("/about", &["_redirects:3", "about.html"]),
        ("/about.html", &["about.html"]),
        ("/start", &["_redirects:4", "about.html"]),
        ("/nothing", &["404.html"]),
        ("/app/x", &["_redirects:5", "404.html"]),
    ] {
        assert_eq!(sources(&json(&dist, &[target])), expected, "{target}");
    }
    let navigation = json(&dist, &["/app/x", "-H", "Accept: text/html"]);
    assert_eq!(sources(&navigation), ["_redirects:5", "index.html"]);
}

#[test]
fn each_header_has_its_origin() {
    let page = json(&dist(), &["/docs/", "-H", "Accept-Encoding: br"]);
    for (name, origin) in [
        ("x-a", "_headers:2,4"),
        ("referrer-policy", "_headers:5"),
        ("x-content-type-options", "default"),
        ("content-encoding", "negotiation"),
        ("etag", "the bytes of the representation"),
    ] {
        assert_eq!(set_by(&page, name), origin, "{name}");
    }
}

#[test]
fn people_read_why_each_coding_was_chosen_or_not() {
    let (code, text, _) = explain(&dist(), &["/docs/", "-H", "Accept-Encoding: gzip, br;q=0.5"]);
    assert_eq!(code, Some(0));
    for line in ["GET /docs/", "200 OK, ", "gzip is preferred to br", "docs/index.html: the path means this file"] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
}

#[test]
fn requests_that_can_not_be_written_are_refused() {
    for (arguments, remedy) in [
        (&["about"][..], "begins with a slash"),
        (&["/", "-H", "x"], "write it like"),
        (&["/", "-H", "a b: c"], "write it like"),
        (&["/", "--method", "G T"], "write one like GET"),
    ] {
        let (code, _, error) = explain(&dist(), arguments);
        assert_eq!(code, Some(1));
        assert!(error.starts_with("site: ") && error.contains(remedy), "{error}");
    }
}
