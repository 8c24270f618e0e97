//! Traversal: no encoding of `..`, slash or NUL leads out of the site.

use super::super::support::{Dist, TestServer};

const SECRET: &str = "the secret beside the site";

/// A site with neighbours that no request may reach.
fn dist() -> Dist {
    let dist =
        Dist::with(&[("index.html", b"<p>home"), ("docs/index.html", b"<p>docs"), ("docs/deep/page.html", b"<p>page")]);
    std::fs::write(dist.beside("secret.txt"), SECRET).unwrap();
    std::fs::write(dist.beside("dist.txt"), SECRET).unwrap();
    std::fs::create_dir(dist.beside("dist-old")).unwrap();
    std::fs::write(dist.beside("dist-old").join("secret.txt"), SECRET).unwrap();
    dist
}

/// Every spelling of "up" and of "slash" that some decoder has believed.
fn targets() -> Vec<String> {
    let ups = [
        "..",
        "%2e%2e",
        ".%2e",
        "%2E.",
        "%252e%252e",
        "%c0%ae%c0%ae",
        "%u002e%u002e",
        "..;",
        "...",
        "..%00",
        "..%20",
        "%2e%2e%3b",
        "..\\",
        "..%5c",
        ".%00.",
    ];
    let slashes = ["/", "//", "%2f", "%2F", "\\", "%5c", "%252f", "%c0%af", "/./", "/%2e/"];
    let mut targets = Vec::new();
    for up in ups {
        for slash in slashes {
            for start in ["/", "/docs/../", "/docs/deep/../../", "//"] {
                targets.push(format!("{start}{up}{slash}secret.txt"));
                targets.push(format!("{start}{up}{slash}dist-old{slash}secret.txt"));
            }
            targets.push(format!("/docs{slash}{up}{slash}{up}{slash}secret.txt"));
            targets.push(format!("/{up}{slash}{up}{slash}{up}{slash}{up}{slash}etc{slash}passwd"));
        }
    }
    targets
}

#[test]
fn no_encoding_of_a_path_leaves_the_site() {
    let dist = dist();
    let server = TestServer::of(&dist);
    let outside = dist.beside("secret.txt").to_str().unwrap().to_owned();
    let absolute = [
        "/etc/passwd".to_owned(),
        "//etc/passwd".to_owned(),
        "/%2fetc/passwd".to_owned(),
        "/%2Fetc%2Fpasswd".to_owned(),
        "/file:///etc/passwd".to_owned(),
        "/-old/secret.txt".to_owned(),
        "/.txt".to_owned(),
        format!("/{outside}"),
        format!("/{}", outside.replace('/', "%2f")),
        "/proc/self/environ".to_owned(),
    ];
    for target in absolute.into_iter().chain(targets()) {
        let answer = server.get(&target);
        assert!(matches!(answer.status, 308 | 400 | 404), "{target}: {}", answer.status);
        assert!(!answer.text().contains(SECRET) && !answer.text().contains("root:"), "{target}");
        if let Some(location) = answer.header("location") {
            super::stays_here(location);
            assert!(!location.contains(".."), "{target} leads to {location}");
        }
    }
}

/// Clients remove dot segments before they ask; a path that still has them is not a name of this site.
#[test]
fn dot_segments_never_answer_with_a_page() {
    let server = TestServer::of(&dist());
    for target in [
        "/docs/..",
        "/docs/../",
        "/docs/../index.html",
        "/docs/%2e%2e/index.html",
        "/./index.html",
        "/docs/./",
        "/docs/%2e/deep/page",
        "/docs%2fdeep%2fpage",
        "/docs/deep%2Fpage.html",
        "/docs\\deep\\page.html",
        "/docs%5cdeep%5cpage.html",
        "/docs/deep/page%00",
        "/docs/deep/page.html%00.txt",
    ] {
        let answer = server.get(target);
        assert!(matches!(answer.status, 400 | 404), "{target}: {}", answer.status);
    }
}
