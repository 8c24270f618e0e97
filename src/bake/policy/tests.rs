//! What policy files say, and what is wrong with them.

use super::*;

fn parse(files: &[(&str, &str)], paths: &[&str]) -> (Policy, Vec<String>) {
    let files = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    let (policy, problems) = Policy::parse(files, paths, Preload::Off);
    (policy, problems.iter().map(Problem::to_string).collect())
}

const PATHS: &[&str] = &["index.html", "about.html", "docs/index.html", "app.js", "gone.html", "a b.html"];

#[test]
fn redirects_that_work_are_accepted() {
    let text = "\u{feff}# moved\n\n/old /about 301\r\n  /tab\t/docs/   302   # why\n/x /about\n/blog/* /docs/:splat 308\n\
                /p/:id/:x /q?id=:id&x=:x#f 303\n/away https://example.com/ 307\n/about /docs/ 301!\n/m /gone.html 410\n\
                /app /app.js 200\n/sp%20ace /a%20b 301\n/q/* https://example.com/:splat 301\n/* /index.html 200\n";
    let (policy, problems) = parse(&[("_redirects", text)], PATHS);
    assert_eq!(problems, [] as [&str; 0]);
    assert_eq!(policy.redirects.len(), 12);
    assert_eq!(policy.redirects[0].line, 3);
    assert_eq!(policy.notices.len(), 1, "{:?}", policy.notices);
    assert!(policy.notices[0].starts_with("_redirects:5: no status"), "{}", policy.notices[0]);
}

#[test]
fn each_broken_redirect_is_an_error_with_its_line_and_the_remedy() {
    for (text, line, remedy) in [
        ("/old", 1, "a path and a target"),
        ("\n\n/old /new 299", 3, "no status of a rule"),
        ("/old /new 301!!", 1, "no status of a rule"),
        ("/old /new +301", 1, "no status of a rule"),
        ("/old /new !", 1, "no status of a rule"),
        ("/old /new 301 more", 1, "one word too many"),
        ("/old /new 302 Country=de", 1, "condition Country=de is not supported"),
        ("/old /new Role=admin", 1, "condition Role=admin is not supported"),
        ("/old id=:id /new 301", 1, "queries are not matched"),
        ("/api/* https://api.example/:splat 200", 1, "proxying"),
        ("https://a.example/* /b 301", 1, "rules for a host"),
        ("/old //evil.example 301", 1, "two slashes"),
        ("/r/* https://:splat 301", 1, "choose where"),
        ("/old/:x /new/:y 301", 1, "stands for nothing"),
        ("/old /missing.html 200", 1, "no file of this site"),
        ("/old /missing.html 404", 1, "no file of this site"),
        ("/a /about 301\n/a /docs/ 301", 2, "line 1 already matches"),
        ("/a /about 301\n/a/ /docs/ 301", 2, "line 1 already matches"),
        ("/a/* /about 301\n/a/b /docs/ 301", 2, "line 1 already matches"),
        ("/a/* /about 301\n/a/:x/y /docs/ 301!", 2, "line 1 already matches"),
        ("/* /index.html 200\n/late /about 301", 2, "line 1 already matches"),
        ("/a /a 301", 1, "never ends: /a → /a"),
        ("/a /a/ 301", 1, "never ends"),
        ("/a /a?x=1 301", 1, "never ends"),
        ("/a /b 301\n/b /a 301", 1, "never ends: /a → /b → /a"),
        ("/* /en/:splat 302", 1, "never ends"),
        ("/a/* /b/:splat 301\n/b/* /a/:splat 301", 1, "never ends"),
        ("/* /index.html 301!", 1, "never ends"),
        ("/about /about.html 301!", 1, "never ends"),
    ] {
        let (_, problems) = parse(&[("_redirects", text)], PATHS);
        let first = problems.first().unwrap_or_else(|| panic!("accepted {text}"));
        assert!(first.starts_with(&format!("_redirects:{line}: ")) && first.contains(remedy), "{text}: {first}");
    }
    let long = format!("/old /{} 301", "x".repeat(2000));
    assert!(parse(&[("_redirects", &long)], PATHS).1[0].contains("split it"));
    let many: String = (0..1001).map(|i| format!("/{i}/:x /about 301\n")).collect();
    assert!(parse(&[("_redirects", &many)], PATHS).1[0].starts_with("_redirects:1001: more than 1000"));
}

#[test]
fn redirects_that_grow_are_followed_in_bounded_memory() {
    let text = format!("/a/* /a{} 301\n", "/:splat".repeat(16));
    let (_, problems) = parse(&[("_redirects", &text)], PATHS);
    assert!(problems[0].contains("never ends: /a/any/path → /a/any/path/any/path/"), "{problems:?}");
    assert!(problems[0].len() < 600, "{problems:?}");
}

#[test]
fn redirects_that_end_are_no_loops() {
    for text in [
        "/a /b 301\n/b /c 301\n/c /about 301",
        "/x/:a/* /x/:splat 301",
        "/* /index.html 302",
        "/about/* /about 301",
        "/a/* https://example.com/a/:splat 301",
        "/a /b 301\n/b /gone.html 410",
    ] {
        assert_eq!(parse(&[("_redirects", text)], PATHS).1, [] as [&str; 0], "{text}");
    }
}

#[test]
fn what_looks_wrong_in_redirects_is_a_notice() {
    for (text, notice) in [
        ("/about /docs/ 301", "_redirects:1: the rule never applies, as the file about.html wins"),
        ("/old /nowhere 301", "_redirects:1: the target /nowhere is not there"),
        ("/a /about\n/b /about\n/c /about", "(and in 2 more lines)"),
    ] {
        let (policy, problems) = parse(&[("_redirects", text)], PATHS);
        assert_eq!(problems, [] as [&str; 0]);
        assert!(policy.notices.iter().any(|found| found.contains(notice)), "{:?}", policy.notices);
    }
}

#[test]
fn each_broken_header_line_is_an_error_with_its_line_and_the_remedy() {
    for (text, line, remedy) in [
        ("X-A: 1", 1, "belongs to no path"),
        ("/*\n  X-A 1", 2, "a field like"),
        ("/*\n  X A: 1", 2, "no header name"),
        ("/*\n  X-A:", 2, "no value"),
        ("/*\n\n# c\n  ETag: \"x\"", 4, "can't be set here"),
        ("/*\n  ! content-length", 2, "can't be set here"),
        ("/*\n  Content-Encoding: br", 2, "can't be set here"),
        ("https://a.example/*\n  X-A: 1", 1, "rules for a host"),
        ("/a-:b\n  X-A: 1", 1, "fills its whole segment"),
        ("/*\n  X-A: {hashes}", 2, "Content-Security-Policy only"),
        ("/*\n  Content-Security-Policy: img-src {hashes}", 2, "move it"),
    ] {
        let (_, problems) = parse(&[("_headers", text)], PATHS);
        let first = problems.first().unwrap_or_else(|| panic!("accepted {text}"));
        assert!(first.starts_with(&format!("_headers:{line}: ")) && first.contains(remedy), "{text}: {first}");
    }
}

#[test]
fn all_problems_are_found_at_once() {
    let files = [("_redirects", "/a /a\n/b c\n"), ("_headers", "/a-:b\n  X-A: 1\n  Date: x\n/*\n  X-B\n")];
    let problems = parse(&files, PATHS).1;
    let places = ["_redirects:1: ", "_redirects:2: ", "_headers:1: ", "_headers:3: ", "_headers:5: "];
    assert_eq!(problems.len(), places.len(), "{problems:?}");
    assert!(problems.iter().zip(places).all(|(problem, place)| problem.starts_with(place)), "{problems:?}");
}

#[test]
fn too_many_blocks_are_refused() {
    let many: String = (0..1001).map(|i| format!("/{i}\n  X-A: 1\n")).collect();
    assert!(parse(&[("_headers", &many)], PATHS).1[0].starts_with("_headers:2001: more than 1000 blocks"));
}

#[test]
fn doubtful_headers_are_notices() {
    for (text, notice) in [
        ("/*\n  Cache-Control: no-cache\n/assets/*\n  Cache-Control: max-age=9", "_headers:4: cache-control is joined"),
        ("/*\n/a\n  X-A: 1", "_headers:1: the path has no header lines"),
    ] {
        let (policy, problems) = parse(&[("_headers", text)], PATHS);
        assert_eq!(problems, [] as [&str; 0]);
        assert!(policy.notices.iter().any(|found| found.contains(notice)), "{:?}", policy.notices);
    }
    let removed = "/*\n  Cache-Control: no-cache\n/assets/*\n  ! Cache-Control\n  Cache-Control: max-age=9";
    assert_eq!(parse(&[("_headers", removed)], PATHS).0.notices, [] as [&str; 0]);
}

#[test]
fn header_rules_match_every_address_of_an_asset() {
    let text = "/docs/\n  X-Folder: 1\n/about\n  X-Clean: 1\n/about.html\n  X-File: 1\n/docs/*\n  X-Below: 1\n";
    let (policy, _) = parse(&[("_headers", text)], PATHS);
    for (path, names) in [
        ("docs/index.html", &["x-folder", "x-below"][..]),
        ("about.html", &["x-clean", "x-file"]),
        ("docs/a.css", &["x-below"]),
        ("index.html", &[]),
    ] {
        let set = policy.header_set(path, Vec::new(), &PageFacts::default());
        let found: Vec<_> = set.fields.iter().map(|(name, ..)| name.as_str()).collect();
        assert_eq!(found, names, "{path}");
    }
}

#[test]
fn any_text_is_parsed_without_a_panic() {
    let words =
        ["/a", "/:x", "*", "/*", "301!", "!", ":", "https://", "{hashes}", "\u{e9}", "\t", "#", "%", "%2", "\\"];
    let mut number = 7usize;
    for _ in 0..3000 {
        let mut text = String::new();
        for _ in 0..8 {
            number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push_str(words[(number >> 33) % words.len()]);
            text.push_str(["", " ", "\n", ": "][(number >> 20) % 4]);
        }
        parse(&[("_redirects", &text), ("_headers", &text)], PATHS);
    }
}
