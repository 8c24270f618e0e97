//! Broken rules: they keep a server from starting, and a running one from taking the change.

use super::super::support::{TestServer, bundle, run, site};
use super::dist;

#[test]
fn a_broken_rule_keeps_the_server_from_starting() {
    for (rules, message) in [
        ("/a /b 299\n", "_redirects:1: 299 is no status of a rule"),
        ("\n/a /a 301\n/b\n", "_redirects:2: the redirect never ends: /a → /a; change its target (and 1 more)"),
        ("/a /about 302 Country=de\n", "_redirects:1: the condition Country=de is not supported"),
    ] {
        let dist = dist(rules);
        let output = run(site(&["serve", "--listen-on", "127.0.0.1:0", "--dist-dir", &dist.argument()]));
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{error}");
        let last = error.lines().last().unwrap();
        assert!(last.starts_with("site: --dist-dir ") && last.contains(message), "{error}");
    }
}

#[test]
fn a_rule_that_breaks_later_keeps_the_last_good_site() {
    let dist = dist("/a /about 301\n");
    let server = TestServer::of(&dist);
    dist.replace("_redirects", "/a /docs/ 301\n/b /b\n");
    let line = server.log().wait_for(|line| line.contains("_redirects:2:")).expect("the broken line is logged");
    assert!(line.contains("the site from before stays"), "{line}");
    assert_eq!(server.get("/a").expect(301).required("location"), "/about");
    dist.replace("_redirects", "/a /docs/ 301\n");
    server.log().wait_for(|line| line.contains("now serving pack")).expect("the mended site");
    assert_eq!(server.get("/a").expect(301).required("location"), "/docs/");
    dist.remove("_redirects");
    super::super::support::eventually("the rules are gone", || server.get("/a").status == 404);
}

#[test]
fn a_broken_rule_is_not_bundled() {
    let dist = dist("/a /about 301\n/b /b 301\n");
    let output = dist.beside("broken");
    let outcome = run(site(&["bundle", &dist.argument(), "--quality", "fast", "--output", output.to_str().unwrap()]));
    let error = String::from_utf8(outcome.stderr).unwrap();
    assert_eq!(outcome.status.code(), Some(1), "{error}");
    assert!(error.contains("_redirects:2: the redirect never ends"), "{error}");
    assert!(!output.exists(), "nothing is left behind");
}

#[test]
fn policy_files_are_given_back_as_they_were() {
    let rules = "\u{feff}# moved\r\n\r\n/a\t/about  301 # why\r\n";
    let headers = "/*\n  X-A: 1\n\n# no newline at the end\n  X-B: 2";
    let dist = dist(rules);
    dist.file("_headers", headers);
    let bundled = bundle(&dist, "bundled", &[]);
    let folder = dist.beside("extracted");
    let outcome = run(site(&["extract", bundled.to_str().unwrap(), "--output", folder.to_str().unwrap()]));
    assert!(outcome.status.success(), "{}", String::from_utf8_lossy(&outcome.stderr));
    assert_eq!(std::fs::read_to_string(folder.join("_redirects")).unwrap(), rules);
    assert_eq!(std::fs::read_to_string(folder.join("_headers")).unwrap(), headers);
}
