//! Conditional requests: RFC 9110 section 13, the precedence of section 13.2.2 above all.

use super::support::{Dist, TestServer};

const OTHER: &str = "\"AAAAAAAAAAAAAAAAAAAAAA\"";
const LONG_AGO: &str = "Sat, 01 Jan 2000 00:00:00 GMT";
const LATER: &str = "Fri, 01 Jan 2100 00:00:00 GMT";

/// A server of one small file, and the entity tag of that file.
fn server() -> (TestServer, String) {
    let server = TestServer::of(&Dist::with(&[("a.txt", b"0123456789")]));
    let tag = server.get("/a.txt").expect(200).etag().to_owned();
    (server, tag)
}

/// Asserts the status of each set of fields, for GET and HEAD; `TAG` stands for the entity tag.
#[track_caller]
fn answers(cases: &[(&[(&str, &str)], u16)]) {
    let (server, tag) = server();
    for (fields, status) in cases {
        let values: Vec<_> = fields.iter().map(|(name, value)| (*name, value.replace("TAG", &tag))).collect();
        let headers: Vec<_> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        for method in ["GET", "HEAD"] {
            let response = server.fetch(method, "/a.txt", &headers);
            assert_eq!(response.status, *status, "{method} {headers:?}");
        }
    }
}

#[test]
fn if_none_match_compares_weakly_in_lists() {
    answers(&[
        (&[("If-None-Match", "TAG")], 304),
        (&[("If-None-Match", "W/TAG")], 304),
        (&[("If-None-Match", "*")], 304),
        (&[("If-None-Match", OTHER)], 200),
        (&[("If-None-Match", "\"x\", TAG")], 304),
        (&[("If-None-Match", "TAG, \"x\"")], 304),
        (&[("If-None-Match", "\"x\",W/TAG,\"y\"")], 304),
        (&[("If-None-Match", "\"x\", \"y\"")], 200),
        (&[("If-None-Match", ", ,TAG,,")], 304),
        (&[("If-None-Match", "\"a,b\" , TAG")], 304),
        (&[("If-None-Match", "\"a, TAG\"")], 200), // RFC 9110 section 8.8.3: a quote ends a tag
        (&[("If-None-Match", "\"\"")], 200),
        (&[("If-None-Match", "\t TAG \t")], 304),
    ]);
}

#[test]
fn field_lines_are_one_list() {
    answers(&[
        (&[("If-None-Match", "\"x\""), ("If-None-Match", "TAG")], 304),
        (&[("If-None-Match", "TAG"), ("if-none-match", "\"x\"")], 304),
        (&[("If-None-Match", "\"x\""), ("If-None-Match", "\"y\"")], 200),
        (&[("If-Match", "\"x\""), ("If-Match", "TAG")], 200),
        (&[("If-Match", "\"x\""), ("If-Match", "\"y\"")], 412),
    ]);
}

#[test]
fn if_match_compares_strongly() {
    answers(&[
        (&[("If-Match", "TAG")], 200),
        (&[("If-Match", "*")], 200),
        (&[("If-Match", "\"x\", TAG")], 200),
        (&[("If-Match", OTHER)], 412),
        (&[("If-Match", "W/TAG")], 412),
        (&[("If-Match", "W/TAG, TAG")], 200),
        (&[("If-Match", "\"x\", \"y\"")], 412),
    ]);
}

#[test]
fn preconditions_are_evaluated_in_order() {
    answers(&[
        (&[("If-None-Match", "TAG"), ("If-Match", OTHER)], 412),
        (&[("If-Match", "TAG"), ("If-None-Match", "TAG")], 304),
        (&[("If-Match", "TAG"), ("If-None-Match", OTHER)], 200),
        (&[("If-Match", OTHER), ("If-None-Match", OTHER)], 412),
        (&[("If-Match", "*"), ("If-None-Match", "*")], 304),
        (&[("If-Match", "TAG"), ("If-Unmodified-Since", LONG_AGO)], 200),
        (&[("If-None-Match", OTHER), ("If-Modified-Since", LATER)], 200),
        (&[("If-None-Match", "TAG"), ("If-Modified-Since", LONG_AGO)], 304),
    ]);
}

/// Sections 13.1.3 and 13.1.4: without a modification date, fields that hold one are ignored.
#[test]
fn dates_are_ignored_without_a_last_modified() {
    answers(&[
        (&[("If-Modified-Since", LATER)], 200),
        (&[("If-Modified-Since", LONG_AGO)], 200),
        (&[("If-Unmodified-Since", LONG_AGO)], 200),
        (&[("If-Unmodified-Since", LATER)], 200),
        (&[("If-Modified-Since", "yesterday")], 200),
        (&[("If-Unmodified-Since", "")], 200),
    ]);
}

#[test]
fn malformed_if_none_match_is_no_match() {
    let (server, tag) = server();
    let bare = tag.trim_matches('"');
    for value in [bare, "", "\"", "\"unclosed", "w/\"x\"", "W/", ",", "'x'", "\u{fc}", "** ", "\"x\" \"y\""] {
        server.get_with("/a.txt", &[("If-None-Match", value)]).expect(200);
    }
}

#[test]
fn malformed_if_match_is_harmless() {
    let (server, tag) = server();
    let bare = tag.trim_matches('"');
    for value in [bare, "", "\"", "\"unclosed", "W/", ",", "'x'"] {
        let response = server.get_with("/a.txt", &[("If-Match", value)]);
        assert!(matches!(response.status, 200 | 400 | 412), "{value:?}: {}", response.status);
    }
}

/// Section 15.4.5: what a 304 must repeat, and that it has no content.
#[test]
fn not_modified_carries_what_caches_need() {
    let (server, tag) = server();
    let mut connection = server.connect();
    let full = connection.get("/a.txt").expect(200);
    let unchanged = connection.fetch("GET", "/a.txt", &[("If-None-Match", &tag)]).expect(304);
    for name in ["etag", "cache-control", "vary"] {
        assert_eq!(unchanged.header(name), full.header(name), "{name}");
    }
    unchanged.required("date");
    assert_eq!(unchanged.header("content-range"), None);
    if let Some(length) = unchanged.header("content-length") {
        assert_eq!(length, "10", "section 8.6: the length that a 200 would have, or none");
    }
    assert_eq!(connection.get("/a.txt").expect(200).body, full.body, "nothing followed the 304");
}

#[test]
fn failed_precondition_is_not_stored() {
    let (server, _) = server();
    let failed = server.get_with("/a.txt", &[("If-Match", OTHER)]).expect(412);
    assert_eq!(failed.required("cache-control"), "no-store");
}

#[test]
fn preconditions_come_before_ranges() {
    answers(&[
        (&[("If-None-Match", "TAG"), ("Range", "bytes=0-1")], 304),
        (&[("If-None-Match", "TAG"), ("Range", "bytes=99-")], 304),
        (&[("If-Match", OTHER), ("Range", "bytes=0-1")], 412),
        (&[("If-Match", OTHER), ("Range", "bytes=99-")], 412),
    ]);
    let (server, tag) = server();
    for (headers, status) in [
        ([("If-None-Match", OTHER), ("Range", "bytes=0-1")], 206),
        ([("If-None-Match", OTHER), ("Range", "bytes=99-")], 416),
        ([("If-Match", &tag), ("Range", "bytes=0-1")], 206),
        ([("If-Match", "*"), ("Range", "bytes=99-")], 416),
    ] {
        server.get_with("/a.txt", &headers).expect(status);
    }
}

/// Section 13.2.1: methods that do not select a representation ignore the fields.
#[test]
fn preconditions_do_not_touch_other_methods() {
    let (server, tag) = server();
    server.fetch("OPTIONS", "/a.txt", &[("If-None-Match", &tag)]).expect(204);
    server.fetch("POST", "/a.txt", &[("If-Match", OTHER)]).expect(405);
}
