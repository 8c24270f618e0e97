//! Caching: the policy follows the served file and the status, never the URL alone.

use super::support::{Dist, TestServer};

const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// Serves a file under each name and asserts its Cache-Control on every response that may carry it.
fn policy_of(names: &[&str], policy: &str) {
    let dist = Dist::new();
    for name in names {
        dist.file(name, format!("content of {name}"));
    }
    let server = TestServer::of(&dist);
    for name in names {
        let target = format!("/{}", name.strip_suffix(".html").unwrap_or(name));
        let full = server.get(&target).expect(200);
        assert_eq!(full.required("cache-control"), policy, "{name}");
        let unchanged = server.get_with(&target, &[("If-None-Match", full.etag())]).expect(304);
        assert_eq!(unchanged.required("cache-control"), policy, "304 of {name}");
        let part = server.get_with(&target, &[("Range", "bytes=0-3")]).expect(206);
        assert_eq!(part.required("cache-control"), policy, "206 of {name}");
    }
}

#[test]
fn fingerprinted_names_are_immutable() {
    policy_of(
        &[
            // Vite
            "assets/index-BxZ3k9Qa.js",
            "assets/index-D_f3-x9K.css",
            // webpack, Create React App
            "main.8c2f4e1d9a0b3c4d5e6f.js",
            "static/js/main.3f9a1c2b.js",
            "static/js/787.3f9a1c2b.chunk.js",
            // esbuild
            "chunk-QWX7KLM2.js",
            // Hugo
            "style.min.0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9.css",
            // Zola
            "processed_images/photo.5f2c8e0a1b3d4f67.webp",
            // Trunk
            "app-1a2b3c4d5e6f7a8b.js",
            "app-1a2b3c4d5e6f7a8b_bg.wasm",
            // rustdoc
            "static.files/rustdoc-ac92e1bbe349e143.css",
            "static.files/FiraSans-Regular-0fe48ade.woff2",
        ],
        IMMUTABLE,
    );
}

#[test]
fn words_dates_and_versions_are_not_fingerprints() {
    policy_of(
        &[
            "guide.html",
            "about.html",
            "style.css",
            "app.js",
            "2024-01-15-post.html",
            "report-20240115.pdf",
            "report.20240115.txt",
            "photo-1920x1080.jpg",
            "jquery-3.7.1.min.js",
            "release-10.20.30.txt",
            "accessibility.css",
            "site-navigation.js",
            "my-documentation.css",
            "getting-started.css",
            "Internationalization.js",
            "on-INTERNATIONAL.txt",
            "main.production.js",
            "chunk-settings.js",
            "README.md",
            "phone-00493012345678.txt",
            "file-name-with-many-words.js",
            "bootstrap.bundle.min.js",
            "robots.txt",
            "sw.js",
        ],
        "no-cache",
    );
}

#[test]
fn errors_are_not_stored_even_for_fingerprinted_names() {
    let dist = Dist::with(&[("index.html", b"<p>home"), ("app.3f9a1c2b.js", b"start()")]);
    let server = TestServer::of(&dist);
    for (method, target, headers, status) in [
        ("GET", "/app.00000a1c.js", [].as_slice(), 404),
        ("GET", "/assets/index-BxZ3k9Qa.js", &[], 404),
        ("POST", "/app.3f9a1c2b.js", &[], 405),
        ("GET", "/app.3f9a1c2b.js", &[("Accept-Encoding", "*;q=0")], 406),
        ("GET", "/app.3f9a1c2b.js", &[("If-Match", "\"another\"")], 412),
        ("GET", "/app.3f9a1c2b.js", &[("Range", "bytes=1000-")], 416),
    ] {
        let response = server.fetch(method, target, headers).expect(status);
        assert_eq!(response.required("cache-control"), "no-store", "{method} {target} {headers:?}");
    }
}

#[test]
fn file_without_a_fingerprint_is_not_immutable_in_a_fingerprinted_folder() {
    policy_of(&["release-3f9a1c2b4d5e6f70/app.js", "assets.3f9a1c2b4d5e6f70/data.json"], "no-cache");
}

#[test]
fn redirects_are_revalidated() {
    let server = TestServer::of(&Dist::with(&[("docs/index.html", b"<p>docs")]));
    assert_eq!(server.get("/docs").expect(308).required("cache-control"), "no-cache");
}
