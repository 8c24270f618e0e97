//! The assertions of the contract for one file, one missing path, and the comparison of carriers.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::super::support::{CODINGS, Connection, Response, TestServer, decode};
use super::truth::{self, Page};

/// Asserts everything that one file promises.
pub(super) fn page(connection: &mut Connection, page: &Page) {
    let identity = connection.get(&page.url).expect(200);
    assert!(identity.body == page.bytes, "other bytes than {}", page.file.display());
    assert_eq!(identity.coding(), None);
    headers_are_safe(&identity);
    head_agrees(connection, page, &[], &identity);
    revalidation_answers_304(connection, page, &[], &identity);
    ranges_reassemble(connection, page, &[], &identity);
    let mut tags = vec![identity.etag().to_owned()];
    for coding in CODINGS {
        let accept = [("Accept-Encoding", coding)];
        let coded = connection.fetch("GET", &page.url, &accept).expect(200);
        assert_eq!(coded.header("vary"), identity.header("vary"), "Vary is a property of the asset");
        if coded.coding().is_none() {
            assert_eq!(coded.stable_headers(), identity.stable_headers());
            assert!(coded.body == identity.body);
            continue;
        }
        assert_eq!(coded.coding(), Some(coding));
        coding_is_right(page, &coded);
        head_agrees(connection, page, &accept, &coded);
        revalidation_answers_304(connection, page, &accept, &coded);
        ranges_reassemble(connection, page, &accept, &coded);
        assert!(!tags.contains(&coded.etag().to_owned()), "a tag of another representation");
        tags.push(coded.etag().to_owned());
    }
    assert_eq!(identity.header("vary").is_some(), tags.len() > 1, "Vary belongs to assets with codings");
    method_is_refused(connection, page);
}

fn headers_are_safe(response: &Response) {
    assert_eq!(response.required("x-content-type-options"), "nosniff");
    assert_eq!(response.required("referrer-policy"), "strict-origin-when-cross-origin");
    let media_type = response.required("content-type");
    let (kind, subtype) = media_type.split_once('/').expect("type/subtype");
    assert!(!kind.is_empty() && !subtype.is_empty(), "{media_type}");
    assert_eq!(response.required("accept-ranges"), "bytes");
    assert_eq!(response.header("last-modified"), None, "no dates from file times");
    let policy = response.required("cache-control");
    assert!(matches!(policy, "no-cache" | "public, max-age=31536000, immutable"), "{policy}");
    response.required("date");
    response.etag();
}

fn coding_is_right(page: &Page, coded: &Response) {
    headers_are_safe(coded);
    assert!(decode(coded.coding(), &coded.body) == page.bytes, "decodes to other bytes");
    assert!(coded.body.len() < page.bytes.len(), "a coding that is not smaller");
    assert_eq!(coded.required("vary").to_ascii_lowercase(), "accept-encoding");
}

fn head_agrees(connection: &mut Connection, page: &Page, accept: &[(&str, &str)], get: &Response) {
    let head = connection.fetch("HEAD", &page.url, accept).expect(200);
    assert_eq!(head.stable_headers(), get.stable_headers());
}

fn revalidation_answers_304(connection: &mut Connection, page: &Page, accept: &[(&str, &str)], get: &Response) {
    let headers = [accept, &[("If-None-Match", get.etag())]].concat();
    for method in ["GET", "HEAD"] {
        let unchanged = connection.fetch(method, &page.url, &headers).expect(304);
        for name in ["etag", "cache-control", "vary"] {
            assert_eq!(unchanged.header(name), get.header(name), "{name} of 304");
        }
    }
}

/// Three ranges of a representation are parts of it, and put together are the whole of it.
fn ranges_reassemble(connection: &mut Connection, page: &Page, accept: &[(&str, &str)], get: &Response) {
    let length = get.body.len();
    if length < 3 {
        return;
    }
    let (a, b) = (length / 3, length - length / 3);
    let mut whole = Vec::new();
    for (first, end) in [(0, a), (a, b), (b, length)] {
        let range = format!("bytes={first}-{}", end - 1);
        let headers = [accept, &[("Range", &*range), ("If-Range", get.etag())]].concat();
        let part = connection.fetch("GET", &page.url, &headers).expect(206);
        assert_eq!(part.required("content-range"), format!("bytes {first}-{}/{length}", end - 1));
        for name in ["etag", "cache-control", "vary", "content-type", "content-encoding"] {
            assert_eq!(part.header(name), get.header(name), "{name} of 206");
        }
        whole.extend_from_slice(&part.body);
    }
    assert!(whole == get.body, "the parts are not the whole");
}

fn method_is_refused(connection: &mut Connection, page: &Page) {
    let refused = connection.fetch("DELETE", &page.url, &[]).expect(405);
    assert_eq!(refused.required("allow"), "GET, HEAD, OPTIONS");
    assert_eq!(refused.required("cache-control"), "no-store");
}

/// Asserts what a path without a file answers.
pub(super) fn missing(connection: &mut Connection, folder: &Path) {
    let own_page = fs::read(folder.join("404.html")).ok();
    for target in ["/no/such/page", "/no-such.js", "/no-such/"] {
        let answer = connection.get(target).expect(404);
        assert_eq!(answer.required("cache-control"), "no-store");
        assert_eq!(answer.required("x-content-type-options"), "nosniff");
        answer.required("content-type");
        if let Some(own_page) = &own_page {
            assert!(answer.body == *own_page, "not the site's own 404.html at {target}");
            assert!(answer.required("content-type").starts_with("text/html"));
        }
        let head = connection.fetch("HEAD", target, &[]).expect(404);
        assert_eq!(head.stable_headers(), answer.stable_headers());
    }
}

/// What was asked, the status and the headers: all that must be equal between carriers.
pub(super) type Answer = (String, u16, BTreeMap<String, Vec<String>>);

/// The answers to everything that a folder's files can be asked for in identity.
pub(super) fn answers(server: &TestServer, folder: &Path) -> Vec<Answer> {
    let mut connection = server.connect();
    let mut targets = vec!["/no/such/page".to_owned(), "/index.html".to_owned()];
    for page in truth::pages(folder) {
        let path = page.file.strip_prefix(folder).expect("a file of the folder").to_str().expect("UTF-8");
        targets.push(format!("/{}", truth::encode(path)));
        targets.push(page.url.trim_end_matches('/').to_owned() + "?a=b");
        targets.push(page.url);
    }
    targets.retain(|target| target.starts_with('/'));
    let mut answers = Vec::new();
    for (method, headers) in [("GET", [].as_slice()), ("HEAD", &[]), ("GET", &[("Range", "bytes=0-0")])] {
        for target in &targets {
            let response = connection.fetch(method, target, headers);
            answers.push((format!("{method} {target}"), response.status, response.stable_headers()));
        }
    }
    answers
}
