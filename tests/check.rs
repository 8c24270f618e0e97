//! `site check`: what it finds, where it says it is, and how it ends.

/// Executables, and what is no site.
mod packs;

use crate::support::{Dist, prose, run, site};

const GOOD: &str = "<!DOCTYPE html><meta charset=utf-8><title>t</title>";

/// The exit code and standard output of a check.
fn check(dist: &Dist, arguments: &[&str]) -> (i32, String) {
    let folder = dist.argument();
    let output = run(site(&[&["check", &folder], arguments].concat()));
    let (out, error) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(error, "", "{out}");
    (output.status.code().unwrap(), out)
}

/// A site without a fault, with these files in it.
fn sound(files: &[(&str, &str)]) -> Dist {
    let dist = Dist::new();
    dist.file("index.html", GOOD).file("404.html", GOOD);
    for (path, text) in files {
        dist.file(path, text);
    }
    dist
}

/// A page of a sound site that says `body`; nothing must be wrong but `expected`.
#[track_caller]
fn page(body: &str, others: &[(&str, &str)], arguments: &[&str], expected: &[&str]) {
    let dist = sound(others);
    dist.file("docs/page.html", format!("{GOOD}\n{body}"));
    let (code, out) = check(&dist, arguments);
    for line in expected {
        assert!(out.contains(line), "{line}\nis not in\n{out}");
    }
    let found = out.lines().filter(|line| line.starts_with("  ")).count();
    assert_eq!(found, expected.len(), "{body}:\n{out}");
    assert_eq!(code, i32::from(out.contains("  error")), "{out}");
}

#[test]
fn a_sound_site_ends_with_zero() {
    let (code, out) = check(&sound(&[]), &["--strict"]);
    assert_eq!(code, 0);
    assert!(out.starts_with("0 errors, 0 warnings, 0 notes: 2 files"), "{out}");
}

#[test]
fn links_are_resolved_as_the_site_resolves_them() {
    let others = [("about.html", GOOD), ("docs/index.html", GOOD), ("docs/x y%.html", GOOD), ("docs/é.txt", "t")];
    let body = "<a href=/about><a href=/about.html><a href=../about/><a href=.><a href=/docs><a href=/docs/index.html>
        <a href='x y%25'><a href=x%20y%25.html?q><a href=%C3%A9.txt><a href=é.txt><a href=''><a href=?q><a href=/>
        <a href=https://other.test/x><a href=//other.test/x><a href=mailto:a@b.test><a href=javascript:x()>";
    page(body, &others, &["--strict"], &[]);
}

#[test]
fn broken_links_are_named_with_their_lines() {
    let body = "<a href=/missing>\n<a href=/missing>\n<a href=../../up>\n<a href=/About>\n<a href=/a%2fb>";
    page(
        body,
        &[("about.html", GOOD)],
        &[],
        &[
            "error       2  /missing: there is no page (2 times)",
            "error       4  ../../up: there is no page /up",
            "error       5  /About: there is no page (but for upper and lower case there is about.html)",
            "error       6  /a%2fb: there is no page",
        ],
    );
}

#[test]
fn missing_files_of_every_kind_are_found() {
    let body = "<link rel=stylesheet href=a.css><script src=a.js></script>
<img src=a.png srcset='b.png 2x'><video src=a.mp4 poster=p.png></video><iframe src=f.html></iframe>
<link rel=icon href=i.ico><p style='background:url(s.png)'><style>@import 'i.css';</style><base href=x>";
    page(
        body,
        &[],
        &[],
        &[
            "2  a.css: there is no file /docs/a.css",
            "2  a.js: there",
            "3  a.png: there",
            "3  b.png: there",
            "3  a.mp4: there",
            "3  p.png: there",
            "3  f.html: there",
            "4  i.ico: there",
            "   s.png: there",
            "   i.css: there",
        ],
    );
}

#[test]
fn style_sheets_refer_relative_to_themselves() {
    let css =
        "@import 'b.css';\n@font-face { src: url(../fonts/x.woff2) }\na { background: url(gone.svg#x), url(data:,) }";
    let others = [("css/a.css", css), ("css/b.css", ""), ("fonts/x.woff2", "")];
    let (code, out) = check(&sound(&others), &[]);
    assert_eq!(code, 1);
    assert!(
        out.starts_with("css/a.css (1 error)\n  error       3  gone.svg#x: there is no file /css/gone.svg\n"),
        "{out}"
    );
}

#[test]
fn fragments_need_an_id_in_the_page_that_is_meant() {
    let target = format!("{GOOD}<h2 id=here><a name=there><p id='é b'>");
    let others = [("a.html", &*target), ("z.html", &*target), ("pic.svg", "<svg><g id=icon></g></svg>")];
    let body =
        "<p id=own><a href=#own><a href=#><a href=#top><a href='/a#here'><a href=/z.html#there><a href='/z#%C3%A9%20b'>
<a href='/a#:~:text=x'><a href='#/route'><img src='/pic.svg#icon'><img src='/pic.svg#svgView(viewBox(0,0,1,1))'>
<a href=#gone><a href=/a#gone><a href=/z#gone><img src=/pic.svg#gone>";
    page(
        body,
        &others,
        &[],
        &[
            "warning     4  #gone: docs/page.html has no id \"gone\"",
            "warning     4  /a#gone: a.html has no id \"gone\"",
            "warning     4  /z#gone: z.html has no id \"gone\"",
            "warning     4  /pic.svg#gone: pic.svg has no id \"gone\"",
        ],
    );
}

#[test]
fn the_base_element_and_the_trailing_slash_count() {
    let others = [("x/a.html", GOOD), ("docs/page/b.css", "")];
    page("<base href=/x/><a href=a><a href=../docs/page>", &others, &["--strict"], &[]);
    page("<base href=https://cdn.test/><a href=a><a href=/b>", &[], &["--strict"], &[]);
    page("<link rel=stylesheet href=b.css>", &others, &["--trailing-slash", "always", "--strict"], &[]);
    page("<link rel=stylesheet href=b.css>", &others, &[], &["b.css: there is no file /docs/b.css"]);
}

#[test]
fn an_application_answers_unknown_navigations_only() {
    let body = "<a href=/route/7><a href=/gone.html><img src=/pic>";
    page(body, &[], &["--spa"], &["/gone.html: there is no page", "/pic: there is no file"]);
}

#[test]
fn pages_must_describe_themselves() {
    let dist = sound(&[
        ("a.html", "<p>x"),
        ("404.html", &format!("{GOOD}<img src=x.png>")),
        ("x.png", ""),
        ("moved.html", "<meta http-equiv=refresh content='0;url=/'>"),
    ]);
    dist.file("latin1.txt", b"caf\xe9");
    let (code, out) = check(&dist, &[]);
    assert_eq!(code, 0, "{out}");
    for line in [
        "404.html (1 warning)\n  warning     1  x.png: an error page appears at any depth; start the address with /",
        "a.html (2 warnings)\n  warning        the page has no title\n  warning        the page does not say its charset",
        "latin1.txt (1 warning)\n  warning        is text but not UTF-8",
    ] {
        assert!(out.contains(line), "{line}\nis not in\n{out}");
    }
    assert_eq!(check(&dist, &["--strict"]).0, 1);
}

#[test]
fn what_should_not_be_published_is_told() {
    let dist = sound(&[
        ("tls/key.pem", "-----BEGIN PRIVATE KEY-----\nMII"),
        ("prod.env", "A=b"),
        ("app.js.map", "{\"version\":3}"),
        (".env", "A=b"),
        (".git/config", ""),
        ("Readme.txt", ""),
        ("README.txt", ""),
    ]);
    let (code, out) = check(&dist, &[]);
    assert_eq!(code, 1);
    for line in [
        "tls/key.pem (1 error)\n  error          looks like a secret, and anybody can fetch it: it holds a private key",
        "prod.env (1 error)",
        "app.js.map (1 warning)\n  warning        a source map",
        ".env (1 note)\n  note           left out, as names that start with a dot are not served",
        ".git (1 note)",
        "Readme.txt (1 warning)\n  warning        differs from README.txt in case only",
    ] {
        assert!(out.contains(line), "{line}\nis not in\n{out}");
    }
}

#[test]
fn stale_sidecars_are_told_from_good_ones() {
    use std::io::Write;
    let text = prose(5000);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&text).unwrap();
    let gzip = gzip.finish().unwrap();
    let dist = sound(&[("alone.css.gz", "x")]);
    dist.file("a.css", &text).file("a.css.gz", &gzip).file("a.css.br", "stale");
    dist.file("b.css", "changed").file("b.css.gz", &gzip);
    let (code, out) = check(&dist, &[]);
    assert_eq!(code, 0);
    for line in ["a.css.br (1 warning)", "a.css.gz (1 note)", "b.css.gz (1 warning)", "2 warnings, 1 note"] {
        assert!(out.contains(line), "{line}\nis not in\n{out}");
    }
}

#[test]
fn a_budget_weighs_a_page_with_what_it_loads() {
    let body = "<link rel=stylesheet href=/a.css><img src=/n.bin><img src=/n.bin><img srcset='/m.bin 1x'>";
    let dist = sound(&[("p.html", &format!("{GOOD}{body}")), ("a.css", "@import 'b.css';")]);
    let noise = crate::support::noise(3000, 1);
    dist.file("b.css", prose(50_000)).file("n.bin", &noise).file("m.bin", &noise);
    assert_eq!(check(&dist, &["--budget", "30kB"]).0, 0);
    let (code, out) = check(&dist, &["--budget", "3kB"]);
    assert_eq!(code, 1);
    assert!(
        out.contains("p.html (1 error)\n  error          weighs ") && out.contains("with the 3 files that it loads")
    );
    assert!(out.starts_with("p.html") && !out.contains("index.html"), "{out}");
    let output = run(site(&["check", &dist.argument(), "--budget", "many"]));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn the_top_pages_are_missed() {
    let (code, out) = check(&Dist::with(&[("a.txt", b"")]), &[]);
    assert_eq!(code, 0);
    assert!(out.contains("there is no 404.html") && out.contains("there is no index.html"), "{out}");
}

#[test]
fn what_a_build_refuses_is_an_error_beside_the_others() {
    let dist = sound(&[("a.html", "<a href=/gone>")]);
    std::fs::write(dist.beside("secret"), "s").unwrap();
    dist.link("out.txt", dist.beside("secret"));
    let (code, out) = check(&dist, &[]);
    assert_eq!(code, 1);
    assert!(out.contains("leads out of the folder") && out.contains("/gone: there is no page"), "{out}");
    assert!(!check(&dist, &["--follow-links"]).1.contains("leads out"));
}

#[test]
fn programs_get_all_of_it_as_json() {
    let links: String = (0..30).map(|number| format!("<a href=/gone/{number}>\n")).collect();
    let dist = sound(&[("a.html", &format!("{GOOD}{links}"))]);
    let (code, out) = check(&dist, &["--json"]);
    assert_eq!(code, 1);
    assert_eq!(out.matches("\"finding\": \"broken-link\"").count(), 30);
    for part in ["\"errors\": 30,", "\"files\": 3,", "\"path\": \"a.html\"", "\"line\": 30,", "\"severity\": \"error\""]
    {
        assert!(out.contains(part), "{part}\nis not in\n{out}");
    }
    let (_, short) = check(&dist, &[]);
    assert!(short.contains("  … and 20 more\n"), "{short}");
}

#[test]
fn every_wrong_rule_is_told_with_its_line() {
    let dist = sound(&[
        ("_redirects", "/a /b 301\n/x /missing.html 200\n/y https://other.test/ 200\n/index.html /z 302\n"),
        ("_headers", "/*\n  Content-Length: 5\n  X-Good: yes\n"),
    ]);
    let (code, out) = check(&dist, &[]);
    assert_eq!(code, 1);
    for line in
        ["_headers (1 error)", "error       2  ", "_redirects (2 errors, 2 warnings)", "error       3  proxying"]
    {
        assert!(out.contains(line), "{line}\nis not in\n{out}");
    }
}

#[test]
fn redirects_and_rewrites_count_as_there() {
    let rules = "/old /about 301\n/docs/* /about 200\n/away https://other.test/ 302\n/gone /about.html 410\n";
    let others = [("_redirects", rules), ("about.html", &format!("{GOOD}<p id=x>")), ("css/a.css", "")];
    let body = "<a href=/old#x><a href=/docs/any/page><a href=/away#x><a href=/gone><img src=/docs/pic><a href=/old#y>";
    page(
        body,
        &others,
        &[],
        &["/gone: there is no page", "/docs/pic: there is no file", "/old#y: about.html has no id \"y\""],
    );
}

#[test]
fn policies_that_hashes_weaken_are_noted() {
    let dist = sound(&[("_headers", "/*\n  Content-Security-Policy: script-src 'self' {hashes}\n")]);
    dist.file("a.html", format!("{GOOD}<p onclick=x()>"));
    let (code, out) = check(&dist, &["--strict"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("a.html (1 note)\n  note           {hashes} needs 'unsafe-hashes'"), "{out}");
}
