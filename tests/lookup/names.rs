//! Names: a path is percent-decoded exactly once, and then is the name of a file.

use super::super::support::{Dist, TestServer};

#[test]
fn path_is_decoded_exactly_once() {
    let dist = Dist::with(&[
        ("A.txt", b"letter"),
        ("%41.txt", b"percent"),
        ("a+b.txt", b"plus"),
        ("a b.txt", b"space"),
        ("100%.txt", b"hundred"),
        ("gr\u{fc}n.txt", b"green"),
        ("q?.txt", b"question"),
        ("h#.txt", b"hash"),
        ("\u{65e5}\u{672c}/\u{732b}.txt", b"cat"),
    ]);
    let server = TestServer::of(&dist);
    for (target, body) in [
        ("/A.txt", "letter"),
        ("/%41.txt", "letter"),
        ("/%41%2etxt", "letter"),
        ("/%2541.txt", "percent"),
        ("/a+b.txt", "plus"),
        ("/a%2Bb.txt", "plus"),
        ("/a%20b.txt", "space"),
        ("/100%25.txt", "hundred"),
        ("/gr%c3%bcn.txt", "green"),
        ("/gr%C3%BCn.txt", "green"),
        ("/q%3F.txt", "question"),
        ("/h%23.txt", "hash"),
        ("/%E6%97%A5%E6%9C%AC/%E7%8C%AB.txt", "cat"),
        ("/A.txt?", "letter"),
        ("/A.txt?x=/../%00", "letter"),
    ] {
        let answer = server.get(target);
        assert_eq!((answer.status, answer.text()), (200, body), "{target}");
    }
}

#[test]
fn names_are_matched_byte_by_byte() {
    let dist = Dist::with(&[("A.txt", b"letter"), ("gr\u{fc}n.txt", b"composed")]);
    let server = TestServer::of(&dist);
    for target in [
        "/a.txt",
        "/A.TXT",
        "/A.txt/",
        "/A.txt%20",
        "/A.txt%00",
        "/A.txt.",
        "/A",
        "/gru%CC%88n.txt", // decomposed: other bytes
        "/gr%FCn.txt",     // Latin-1: not UTF-8
    ] {
        let answer = server.get(target);
        assert!(matches!(answer.status, 400 | 404), "{target}: {}", answer.status);
    }
}

#[test]
fn broken_percent_encoding_is_a_client_error() {
    let server = TestServer::of(&Dist::with(&[("index.html", b"<p>home"), ("%.txt", b"percent")]));
    for target in ["/%", "/%4", "/%zz", "/%G1.txt", "/x%", "/%%"] {
        let answer = server.get(target);
        assert!(matches!(answer.status, 400 | 404), "{target}: {}", answer.status);
        assert_eq!(answer.required("cache-control"), "no-store", "{target}");
    }
    assert_eq!(server.get("/%25.txt").expect(200).text(), "percent");
}

/// A client that sends a name without encoding it gets the file or a clean refusal.
#[test]
fn raw_bytes_in_a_target_are_harmless() {
    let server = TestServer::of(&Dist::with(&[("gr\u{fc}n.txt", b"green"), ("a\"b.txt", b"quote")]));
    for target in ["/gr\u{fc}n.txt", "/a\"b.txt"] {
        let answer = server.get(target);
        assert!(matches!(answer.status, 200 | 400 | 404), "{target}: {}", answer.status);
    }
}

#[test]
fn media_types_are_what_browsers_need() {
    let types = [
        ("page.html", "text/html; charset=utf-8"),
        ("style.css", "text/css; charset=utf-8"),
        ("app.js", "text/javascript; charset=utf-8"),
        ("app.mjs", "text/javascript; charset=utf-8"),
        ("notes.txt", "text/plain; charset=utf-8"),
        ("picture.svg", "image/svg+xml"),
        ("data.json", "application/json"),
        ("app.js.map", "application/json"),
        ("app.webmanifest", "application/manifest+json"),
        ("app.wasm", "application/wasm"),
        ("picture.avif", "image/avif"),
        ("picture.webp", "image/webp"),
        ("picture.png", "image/png"),
        ("font.woff2", "font/woff2"),
        ("film.mp4", "video/mp4"),
        ("paper.pdf", "application/pdf"),
        ("unknown.zzz", "application/octet-stream"),
    ];
    let dist = Dist::new();
    for (name, _) in types {
        dist.file(name, "plain ascii");
    }
    let server = TestServer::of(&dist);
    for (name, wanted) in types {
        let target = format!("/{}", name.trim_end_matches(".html"));
        let answer = server.get(&target).expect(200);
        let got = answer.required("content-type");
        let without_charset = got.split(';').next().expect("a type");
        // Beyond text/*, whether UTF-8 is said is the server's choice.
        let same = if wanted.starts_with("text/") { got == wanted } else { without_charset == wanted };
        assert!(same, "{name}: {got}, not {wanted}");
    }
}

#[test]
fn charset_is_said_only_where_it_is_true() {
    let dist = Dist::with(&[("utf8.txt", "gr\u{fc}n".as_bytes()), ("latin1.txt", b"gr\xfcn")]);
    let server = TestServer::of(&dist);
    assert_eq!(server.get("/utf8.txt").required("content-type"), "text/plain; charset=utf-8");
    assert_eq!(server.get("/latin1.txt").required("content-type"), "text/plain");
}
