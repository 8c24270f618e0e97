//! `{hashes}` and `--preload`: headers that follow from what a page contains.

use super::support::{Dist, TestServer, eventually};

/// The SHA-256 of `alert(1)` and of `p{color:red}`, computed with another program.
const SCRIPT: &str = "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='";
const STYLE: &str = "'sha256-p0bF+un5yUb9MBO6xRb8kPHlY2BdpHVtLiFkDrZPF64='";

const POLICY: &str =
    "/*\n  Content-Security-Policy: default-src 'self'; script-src 'self' {hashes}; style-src {hashes}\n";

fn dist() -> Dist {
    Dist::with(&[
        ("index.html", b"<!doctype html><title>a</title><style>p{color:red}</style><script>alert(1)</script>"),
        ("plain.html", b"<!doctype html><title>b</title><p>nothing inline"),
        ("inline.html", b"<!doctype html><title>c</title><p onclick=\"alert(1)\" style=\"p{color:red}\">x"),
        ("404.html", b"<!doctype html><title>d</title><script>alert(1)</script>"),
        ("a.css", b"p{}"),
        ("b.js", b"1"),
        ("_redirects", b"/start /index.html 200\n/elsewhere/* /plain.html 200\n"),
    ])
}

fn policy(server: &TestServer, target: &str) -> String {
    let answer = server.get_with(target, &[("Accept", "text/html")]);
    answer.required("content-security-policy").to_owned()
}

#[test]
fn each_page_gets_the_hashes_of_what_it_contains() {
    let dist = dist();
    dist.file("_headers", POLICY);
    let page = format!("default-src 'self'; script-src 'self' {SCRIPT}; style-src {STYLE}");
    let missing = format!("default-src 'self'; script-src 'self' {SCRIPT}; style-src 'none'");
    let inline =
        format!("default-src 'self'; script-src 'self' 'unsafe-hashes' {SCRIPT}; style-src 'unsafe-hashes' {STYLE}");
    let none = "default-src 'self'; script-src 'self'; style-src 'none'";
    let [folder, bundle] = TestServer::each(&dist);
    for server in [&folder, &bundle] {
        for (target, expected) in [
            ("/", page.as_str()),
            ("/start", &page),
            ("/plain", none),
            ("/elsewhere/x", none),
            ("/inline", &inline),
            ("/nothing.js", &missing),
            ("/a.css", none),
            ("/docs", &missing),
        ] {
            assert_eq!(policy(server, target), expected, "{target}");
        }
    }
    let log = folder.stop().join("\n");
    assert!(log.contains("inline.html: {hashes} needs 'unsafe-hashes' for 1 event handler attributes"), "{log}");
}

/// The rule matches only the address that was asked for; the hashes are still those of the page that is sent.
#[test]
fn a_rule_for_a_foreign_address_has_the_hashes_of_the_page() {
    let dist = dist();
    dist.file("_headers", "/start\n  Content-Security-Policy-Report-Only: script-src {hashes}\n/gone/*\n  Content-Security-Policy: script-src {hashes}\n");
    for server in TestServer::each(&dist) {
        let start = server.get("/start").expect(200);
        assert_eq!(start.required("content-security-policy-report-only"), format!("script-src {SCRIPT}"));
        assert_eq!(policy(&server, "/gone/x"), format!("script-src {SCRIPT}"));
        assert_eq!(server.get("/").header("content-security-policy-report-only"), None);
    }
}

/// No moment in which a changed page has the hashes of the old one.
#[test]
fn hashes_change_with_the_page() {
    let dist = dist();
    let server = TestServer::of(&dist);
    dist.file("_headers", POLICY);
    eventually("the policy is there", || server.get("/").header("content-security-policy").is_some());
    assert!(policy(&server, "/").contains(SCRIPT), "pages that were read before are read again");
    dist.replace("index.html", "<!doctype html><title>a</title><script>alert(2)</script>");
    eventually("the page is there", || {
        let page = server.get("/");
        assert_eq!(page.text().contains("alert(1)"), page.required("content-security-policy").contains(SCRIPT));
        page.text().contains("alert(2)")
    });
}

#[test]
fn preload_announces_what_a_page_waits_for() {
    let dist = Dist::with(&[
        ("a.css", b"p{}"),
        ("docs/b.js", b"1"),
        ("m.js", b"1"),
        ("_headers", b"/docs/*\n  Link: </x>; rel=author\n"),
    ]);
    dist.file(
        "docs/index.html",
        "<!doctype html><title>a</title><link rel=stylesheet href=/a.css><link rel=stylesheet href=/missing.css>\
         <script src=b.js></script><script type=module src=../m.js></script>",
    );
    let links = |server: &TestServer| {
        let page = server.get("/docs/").expect(200);
        let values: Vec<String> =
            page.headers.iter().filter(|(name, _)| name == "link").map(|(_, value)| value.clone()).collect();
        values.join(", ")
    };
    assert_eq!(links(&TestServer::of(&dist)), "</x>; rel=author");
    assert_eq!(
        links(&TestServer::with(&dist, &["--preload"])),
        "</a.css>; rel=preload; as=style, </docs/b.js>; rel=preload; as=script, </m.js>; rel=modulepreload, </x>; rel=author"
    );
}
