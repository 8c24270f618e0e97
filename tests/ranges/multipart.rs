//! Several ranges: multipart/byteranges of RFC 9110 section 14.6, its limits, and what is coalesced.

use super::super::support::{Dist, Response, TestServer, noise};
use super::{digits, server};

/// A part: its first position, and its bytes.
pub(super) type Part = (usize, Vec<u8>);

/// Takes a 206 apart, whether it holds one part or several; asserts its form.
pub(super) fn parts(response: &Response, complete: usize) -> Vec<Part> {
    assert_eq!(response.status, 206);
    let media_type = response.required("content-type");
    let Some(parameters) = media_type.strip_prefix("multipart/byteranges;") else {
        let first = content_range(response.required("content-range"), response.body.len(), complete);
        return vec![(first, response.body.clone())];
    };
    assert_eq!(response.header("content-range"), None, "section 15.3.7.2: only the parts say their range");
    let boundary = parameters.trim().strip_prefix("boundary=").expect("a boundary").trim_matches('"');
    assert!(!boundary.is_empty() && boundary.len() <= 70, "RFC 2046 section 5.1.1: {boundary:?}");
    split(&response.body, boundary).into_iter().map(|part| one(part, complete)).collect()
}

/// The parts between the delimiters, heads included.
fn split<'a>(body: &'a [u8], boundary: &str) -> Vec<&'a [u8]> {
    let delimiter = format!("\r\n--{boundary}");
    let opening = format!("--{boundary}");
    let mut rest = body.strip_prefix(b"\r\n").unwrap_or(body);
    rest = rest.strip_prefix(opening.as_bytes()).expect("the first delimiter");
    let mut found = Vec::new();
    while !rest.starts_with(b"--") {
        let inner = rest.strip_prefix(b"\r\n").expect("a line end after the delimiter");
        let end = inner.windows(delimiter.len()).position(|w| w == delimiter.as_bytes()).expect("a delimiter");
        found.push(&inner[..end]);
        rest = &inner[end + delimiter.len()..];
    }
    assert!(matches!(rest, b"--" | b"--\r\n"), "nothing after the last delimiter");
    found
}

fn one(part: &[u8], complete: usize) -> Part {
    let head_end = part.windows(4).position(|w| w == b"\r\n\r\n").expect("the end of a part's head");
    let head = std::str::from_utf8(&part[..head_end]).expect("ASCII").to_ascii_lowercase();
    let bytes = &part[head_end + 4..];
    assert!(head.contains("content-type: application/octet-stream"), "{head}");
    let line = head.lines().find_map(|line| line.strip_prefix("content-range: ")).expect("Content-Range");
    (content_range(line, bytes.len(), complete), bytes.to_vec())
}

/// Checks a Content-Range against what it describes: the first position.
fn content_range(value: &str, length: usize, complete: usize) -> usize {
    let range = value.strip_prefix("bytes ").and_then(|rest| rest.strip_suffix(&format!("/{complete}")));
    let (first, last) = range.and_then(|range| range.split_once('-')).expect("first-last");
    let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
    assert_eq!(last + 1 - first, length, "{value}");
    first
}

/// Asserts that the parts are true to the representation, and hold all positions from a first up to an end.
#[track_caller]
fn covers(response: &Response, whole: &[u8], wanted: &[(usize, usize)]) {
    let mut held = vec![false; whole.len()];
    for (first, bytes) in parts(response, whole.len()) {
        assert!(bytes == whole[first..first + bytes.len()], "other bytes at {first}");
        held[first..first + bytes.len()].fill(true);
    }
    for &(first, end) in wanted {
        assert!(held[first..end].iter().all(|&held| held), "{first}..{end} is not all there");
    }
}

#[test]
fn several_ranges_come_as_parts_in_order() {
    let server = server();
    let response = server.get_with("/a.bin", &[("Range", "bytes=0-1, 50-54,-3")]).expect(206);
    assert!(response.required("content-type").starts_with("multipart/byteranges"));
    let expected = [(0, digits()[..2].to_vec()), (50, digits()[50..55].to_vec()), (97, digits()[97..].to_vec())];
    assert_eq!(parts(&response, 100), expected);
    response.etag();
    response.required("cache-control");
}

#[test]
fn unsatisfiable_ranges_among_others_are_left_out() {
    let server = server();
    let response = server.get_with("/a.bin", &[("Range", "bytes=10-11,500-600,-0,20-21")]).expect(206);
    assert_eq!(parts(&response, 100).len(), 2);
    covers(&response, &digits(), &[(10, 12), (20, 22)]);
}

/// Section 15.3.7.2: the answer to one range is never multipart, coalesced ranges may be either.
#[test]
fn overlapping_and_adjacent_ranges_are_coalesced_or_the_whole_is_sent() {
    let server = server();
    for (range, wanted) in [
        ("bytes=0-10,5-20", vec![(0, 21)]),
        ("bytes=0-10,11-20", vec![(0, 21)]),
        ("bytes=5-20,0-10", vec![(0, 21)]),
        ("bytes=0-,0-,0-,0-", vec![(0, 100)]),
        ("bytes=0-0,0-0,0-0", vec![(0, 1)]),
        ("bytes=-50,40-60", vec![(40, 100)]),
        ("bytes=0-5,90-95,3-7", vec![(0, 8), (90, 96)]),
        ("bytes=0-99,50-60", vec![(0, 100)]),
    ] {
        let response = server.get_with("/a.bin", &[("Range", range)]);
        assert!(response.body.len() <= 100 + 400, "{range}: more than the whole");
        match response.status {
            200 => assert_eq!(response.body, digits(), "{range}"),
            _ => covers(&response, &digits(), &wanted),
        }
    }
}

/// Many small or overlapping ranges are how servers are made to work hard: section 17.15.
#[test]
fn too_many_ranges_get_the_whole() {
    let dist = Dist::new();
    dist.file("a.bin", noise(100_000, 5));
    let server = TestServer::of(&dist);
    let ranges = |count: usize| {
        let each: Vec<_> = (0..count).map(|n| format!("{}-{}", n * 400, n * 400 + 9)).collect();
        format!("bytes={}", each.join(","))
    };
    let most = server.get_with("/a.bin", &[("Range", &ranges(16))]).expect(206);
    assert_eq!(parts(&most, 100_000).len(), 16);
    for count in [17, 50, 200] {
        let whole = server.get_with("/a.bin", &[("Range", &ranges(count))]).expect(200);
        assert_eq!(whole.body.len(), 100_000, "{count} ranges");
    }
}

#[test]
fn parts_end_where_the_length_says() {
    let server = server();
    let mut connection = server.connect();
    let response = connection.fetch("GET", "/a.bin", &[("Range", "bytes=0-0,50-50")]).expect(206);
    covers(&response, &digits(), &[(0, 1), (50, 51)]);
    assert_eq!(connection.get("/a.bin").expect(200).body, digits(), "the next response starts where it should");
}

/// The bytes of a large file are read while the response is under way: they must not come after what follows them.
#[test]
fn parts_of_a_large_file_come_in_order() {
    let dist = Dist::new();
    let film = noise(400_000, 6);
    dist.file("film.bin", &film);
    let server = TestServer::of(&dist);
    let mut connection = server.connect();
    for n in 0..100 {
        let range = format!("bytes={n}-99999,150000-299999,-{}", 1000 + n);
        let response = connection.fetch("GET", "/film.bin", &[("Range", &range)]).expect(206);
        let all = parts(&response, film.len());
        assert_eq!(all.iter().map(|(first, _)| *first).collect::<Vec<_>>(), [n, 150_000, 399_000 - n]);
        covers(&response, &film, &[(n, 100_000), (150_000, 300_000), (399_000 - n, 400_000)]);
    }
}

#[test]
fn boundary_is_not_in_the_representation() {
    let server = server();
    let response = server.get_with("/a.bin", &[("Range", "bytes=0-0,50-50")]).expect(206);
    let boundary = response.required("content-type").split_once("boundary=").expect("a boundary").1.to_owned();
    let dist = Dist::new();
    dist.file("b.bin", format!("\r\n--{boundary}\r\n").repeat(50));
    let whole = std::fs::read(dist.path().join("b.bin")).unwrap();
    let server = TestServer::of(&dist);
    let response = server.get_with("/b.bin", &[("Range", "bytes=0-99,200-299")]);
    if response.status == 206 {
        covers(&response, &whole, &[(0, 100), (200, 300)]);
    }
}
