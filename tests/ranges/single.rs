//! One range: what is cut, what is refused, what is ignored.

use super::super::support::{Dist, TestServer, prose};
use super::{digits, server};

#[test]
fn satisfiable_range_is_cut_from_the_representation() {
    let server = server();
    for (range, first, last) in [
        ("bytes=0-0", 0, 0),
        ("bytes=0-9", 0, 9),
        ("bytes=10-19", 10, 19),
        ("bytes=99-99", 99, 99),
        ("bytes=90-", 90, 99),
        ("bytes=0-", 0, 99),
        ("bytes=0-99", 0, 99),
        ("bytes=50-1000", 50, 99),
        ("bytes=-1", 99, 99),
        ("bytes=-10", 90, 99),
        ("bytes=-100", 0, 99),
        ("bytes=-1000", 0, 99),
        ("bytes=0-99999999999999999999999999", 0, 99), // section 14.1.1: no integer overflows
        ("bytes=-99999999999999999999999999", 0, 99),
        ("BYTES=5-6", 5, 6), // section 14.1: unit names are case-insensitive
        ("bytes=005-006", 5, 6),
        ("bytes=,5-6,", 5, 6), // section 5.6.1.2: empty list elements
        ("bytes= 5-6 ", 5, 6),
        ("bytes=5-6,200-300", 5, 6), // one of two is satisfiable
        ("bytes=200-,5-6", 5, 6),
    ] {
        let part = server.get_with("/a.bin", &[("Range", range)]).expect(206);
        assert_eq!(part.required("content-range"), format!("bytes {first}-{last}/100"), "{range}");
        assert_eq!(part.body, digits()[first..=last], "{range}");
    }
}

#[test]
fn unsatisfiable_range_answers_416() {
    let server = server();
    for range in [
        "bytes=100-",
        "bytes=100-100",
        "bytes=1000-2000",
        "bytes=-0",
        "bytes=100-,200-300",
        "bytes=99999999999999999999999999-",
        "bytes=18446744073709551616-18446744073709551617",
    ] {
        let refused = server.get_with("/a.bin", &[("Range", range)]).expect(416);
        assert_eq!(refused.required("content-range"), "bytes */100", "{range}");
        assert_eq!(refused.required("cache-control"), "no-store", "{range}");
    }
}

/// Section 14.2: a field that is not a valid set of byte ranges is ignored.
#[test]
fn malformed_or_unknown_ranges_are_ignored() {
    let server = server();
    for range in [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=,",
        "bytes=a-b",
        "bytes=1",
        "bytes=5-2",
        "bytes=--5",
        "bytes=-5-",
        "bytes=1-2-3",
        "bytes=+1-2",
        "bytes=1-+2",
        "bytes=0x1-0x2",
        "bytes 0-1",
        "bytes:0-1",
        "0-1",
        "=0-1",
        "lines=0-1",
        "bytess=0-1",
        "seconds=1-2",
        "bytes=0-1;2-3",
        "bytes=0-1,x",
        "bytes=0-1,5-2",
        "bytes=0 - 1",
        "bytes=1-2 3-4",
        "bytes=\u{fc}-",
        "bytes=0-1, bytes=2-3",
    ] {
        let whole = server.get_with("/a.bin", &[("Range", range)]).expect(200);
        assert_eq!(whole.body, digits(), "Range: {range}");
        assert_eq!(whole.header("content-range"), None, "Range: {range}");
    }
}

#[test]
fn several_range_lines_are_harmless() {
    let response = server().get_with("/a.bin", &[("Range", "bytes=0-1"), ("Range", "bytes=5-6")]);
    assert!(matches!(response.status, 200 | 206 | 400), "{}", response.status);
}

/// Section 14.2: only GET has ranges.
#[test]
fn head_ignores_ranges() {
    let server = server();
    for range in ["bytes=0-1", "bytes=1000-", "bytes=0-1,5-6"] {
        let head = server.fetch("HEAD", "/a.bin", &[("Range", range)]).expect(200);
        assert_eq!((head.content_length(), head.header("content-range")), (100, None), "{range}");
    }
}

#[test]
fn empty_representation_has_no_ranges() {
    let server = server();
    for range in ["bytes=0-", "bytes=0-0", "bytes=-5", "bytes=-0"] {
        let response = server.get_with("/empty.bin", &[("Range", range)]);
        match response.status {
            200 => assert_eq!(response.content_length(), 0, "{range}"),
            416 => assert_eq!(response.required("content-range"), "bytes */0", "{range}"),
            other => panic!("{range}: {other}"),
        }
    }
}

/// Section 13.1.5: only a strong match lets the range count.
#[test]
fn if_range_needs_a_strong_match() {
    let server = server();
    let tag = server.get("/a.bin").expect(200).etag().to_owned();
    let weak = format!("W/{tag}");
    let list = format!("{tag}, \"x\"");
    let bare = tag.trim_matches('"');
    server.get_with("/a.bin", &[("Range", "bytes=0-1"), ("If-Range", &tag)]).expect(206);
    for condition in [
        &*weak,
        "\"another\"",
        "Fri, 01 Jan 2100 00:00:00 GMT",
        "Sat, 01 Jan 2000 00:00:00 GMT",
        "*",
        "",
        bare,
        &list,
        "garbage",
    ] {
        for range in ["bytes=0-1", "bytes=1000-", "bytes=0-1,5-6"] {
            let whole = server.get_with("/a.bin", &[("Range", range), ("If-Range", condition)]).expect(200);
            assert_eq!(whole.body, digits(), "If-Range: {condition}, Range: {range}");
        }
    }
    server.get_with("/a.bin", &[("Range", "bytes=1000-"), ("If-Range", &tag)]).expect(416);
}

#[test]
fn if_range_without_range_is_ignored() {
    let server = server();
    assert_eq!(server.get_with("/a.bin", &[("If-Range", "\"another\"")]).expect(200).body, digits());
    let tag = server.get("/a.bin").etag().to_owned();
    assert_eq!(server.get_with("/a.bin", &[("If-Range", &tag)]).expect(200).body, digits());
}

/// Section 14: ranges are of the selected representation, in its coding.
#[test]
fn ranges_address_the_selected_representation() {
    let dist = Dist::new();
    dist.file("page.txt", prose(5000));
    let server = TestServer::of(&dist);
    let identity = server.get("/page.txt").expect(200);
    for coding in ["br", "gzip"] {
        let accept = ("Accept-Encoding", coding);
        let whole = server.get_with("/page.txt", &[accept]).expect(200);
        let (length, tag) = (whole.body.len(), whole.etag());
        let part = server.get_with("/page.txt", &[accept, ("Range", "bytes=10-29")]).expect(206);
        assert_eq!(part.required("content-range"), format!("bytes 10-29/{length}"));
        assert_eq!(part.body, whole.body[10..30]);
        assert_eq!((part.coding(), part.etag()), (Some(coding), tag));
        let past = format!("bytes={length}-");
        let refused = server.get_with("/page.txt", &[accept, ("Range", &past)]).expect(416);
        assert_eq!(refused.required("content-range"), format!("bytes */{length}"));
        let mixed = [accept, ("Range", "bytes=0-1"), ("If-Range", identity.etag())];
        assert_eq!(server.get_with("/page.txt", &mixed).expect(200).body, whole.body);
        server.get_with("/page.txt", &[accept, ("Range", "bytes=0-1"), ("If-Range", tag)]).expect(206);
    }
}
