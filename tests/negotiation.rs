//! Negotiation of the content coding: RFC 9110 sections 12.4.2, 12.5.3 and 12.5.5.

use super::support::{Dist, TestServer, decode, noise, prose, request};

/// A site with an asset in three codings, `/page`, and one in identity alone, `/photo.png`.
fn server() -> TestServer {
    let dist = Dist::new();
    dist.file("page.html", prose(6000)).file("photo.png", noise(2000, 7));
    TestServer::of(&dist)
}

#[test]
fn best_acceptable_coding_is_chosen() {
    let server = server();
    let mut connection = server.connect();
    for (accept, coding) in [
        ("", None),
        ("identity", None),
        ("br", Some("br")),
        ("gzip", Some("gzip")),
        ("gzip, br", Some("br")),
        ("gzip, deflate, br, zstd", Some("br")),
        ("gzip,deflate", Some("gzip")),
        ("deflate", None),
        ("zstd, compress", None),
        ("*", Some("br")),
        ("gzip, *;q=0.5", Some("gzip")),
        ("br;q=0.5, gzip", Some("gzip")),
        ("br;q=0.5, gzip;q=0.8, *;q=0.1", Some("gzip")),
        ("br;q=1.000, gzip;q=0.999", Some("br")),
        ("br;q=0.998, gzip;q=0.999", Some("gzip")),
        ("deflate, gzip;q=1.0, *;q=0.5", Some("gzip")),
        ("identity, br;q=0.5, gzip;q=0.5", None),
        ("identity;q=0.5, br;q=0.2, gzip;q=0.1", None),
        ("identity;q=0.2, gzip;q=0.5", Some("gzip")),
        ("gzip;q=0", None),
        ("gzip;q=0.0, br;q=0.000", None),
        ("br;q=0, *", Some("gzip")),
        ("br;q=0, gzip;q=0, *", None),
        ("*;q=0, gzip", Some("gzip")),
        ("*;q=0, identity", None),
        ("*;q=0, identity;q=0.001", None),
        ("identity;q=0, gzip", Some("gzip")),
        ("identity;q=0, *", Some("br")),
        ("GZIP", Some("gzip")),
        ("Br", Some("br")),
        ("x-gzip", Some("gzip")), // section 8.4.1.3
        ("gzip;Q=0.5, br;Q=0.9", Some("br")),
        ("  gzip ;\tq=0.5 ,\t br ; q=0.9", Some("br")),
        (", ,gzip,,", Some("gzip")), // section 5.6.1.2
    ] {
        let response = connection.fetch("GET", "/page", &[("Accept-Encoding", accept)]).expect(200);
        assert_eq!(response.coding(), coding, "Accept-Encoding: {accept}");
    }
}

#[test]
fn without_accept_encoding_identity_is_sent() {
    assert_eq!(server().get("/page").expect(200).coding(), None);
}

#[test]
fn nothing_acceptable_answers_406() {
    let server = server();
    for (target, accept) in [
        ("/page", "*;q=0"),
        ("/page", "identity;q=0"),
        ("/page", "identity;q=0, deflate"),
        ("/page", "identity;q=0, gzip;q=0, br;q=0"),
        ("/page", "*;q=0, zstd"),
        ("/page", "identity;q=0.000"),
        ("/photo.png", "identity;q=0"),
        ("/photo.png", "*;q=0"),
        ("/photo.png", "br, gzip, identity;q=0"),
        ("/photo.png", "gzip, *;q=0"),
    ] {
        let refused = server.get_with(target, &[("Accept-Encoding", accept)]).expect(406);
        assert_eq!(refused.required("cache-control"), "no-store", "{target} {accept}");
        assert_eq!(refused.coding(), None);
        let head = server.fetch("HEAD", target, &[("Accept-Encoding", accept)]).expect(406);
        assert_eq!(head.stable_headers(), refused.stable_headers());
    }
}

#[test]
fn field_lines_are_one_list() {
    let server = server();
    for (headers, coding) in [
        (&[("Accept-Encoding", "gzip"), ("Accept-Encoding", "br")], Some("br")),
        (&[("Accept-Encoding", "gzip"), ("accept-encoding", "br;q=0.1")], Some("gzip")),
        (&[("Accept-Encoding", "gzip"), ("Accept-Encoding", "")], Some("gzip")),
        (&[("Accept-Encoding", "*"), ("Accept-Encoding", "br;q=0")], Some("gzip")),
    ] {
        assert_eq!(server.get_with("/page", headers).expect(200).coding(), coding, "{headers:?}");
    }
}

#[test]
fn malformed_fields_are_harmless() {
    let server = server();
    let long = vec!["x"; 1500].join(",");
    for accept in [
        "br;q=abc",
        ";;;",
        ",,,",
        "br;q=",
        ";q=1",
        "gzip;q=1.5",
        "gzip;q=-1",
        "br;level=5",
        "gzip;q=0.5;q=0",
        "br gzip",
        "\"br\"",
        "gzip;q=0.12345678901234567890",
        "q=1",
        "*;*",
        "br;q=1e9",
        "gzip;q=NaN",
        "=",
        "gzip; q = 0.5",
        "br\u{e9}",
        "identity;q",
        &long,
    ] {
        let response = server.get_with("/page", &[("Accept-Encoding", accept)]).expect(200);
        let plain = decode(response.coding(), &response.body);
        assert!(plain == prose(6000), "Accept-Encoding: {accept}");
    }
}

#[test]
fn vary_is_on_every_response_of_an_asset_with_codings() {
    let server = server();
    let tag = server.get("/page").expect(200).etag().to_owned();
    for (method, headers, status) in [
        ("GET", [].as_slice(), 200),
        ("GET", &[("Accept-Encoding", "gzip")], 200),
        ("HEAD", &[], 200),
        ("HEAD", &[("Accept-Encoding", "br")], 200),
        ("GET", &[("If-None-Match", &tag)], 304),
        ("HEAD", &[("If-None-Match", &tag)], 304),
        ("GET", &[("Range", "bytes=0-1")], 206),
        ("GET", &[("Range", "bytes=0-1,5-6")], 206),
        ("GET", &[("Range", "bytes=99999-")], 416),
        ("GET", &[("Accept-Encoding", "*;q=0")], 406),
        ("HEAD", &[("Accept-Encoding", "*;q=0")], 406),
        ("GET", &[("If-Match", "\"another\"")], 412),
    ] {
        let response = server.fetch(method, "/page", headers).expect(status);
        let vary = response.list("vary");
        assert!(vary.contains(&"accept-encoding".to_owned()), "{method} {headers:?}: {vary:?}");
    }
}

#[test]
fn vary_is_not_on_an_asset_without_codings() {
    let server = server();
    for headers in [[].as_slice(), &[("Accept-Encoding", "br")], &[("Range", "bytes=0-1")]] {
        assert_eq!(server.get_with("/photo.png", headers).header("vary"), None, "{headers:?}");
    }
}

#[test]
fn each_coding_has_its_own_entity_tag_and_length() {
    let server = server();
    let fetch = |accept| server.get_with("/page", &[("Accept-Encoding", accept)]).expect(200);
    let all = [fetch("identity"), fetch("gzip"), fetch("br")];
    for (i, one) in all.iter().enumerate() {
        assert_eq!(one.content_length(), one.body.len());
        for other in &all[i + 1..] {
            assert_ne!(one.etag(), other.etag());
        }
    }
}

/// RFC 9110 section 8.8.3: a tag of one representation says nothing about another.
#[test]
fn tag_of_another_coding_is_not_a_match() {
    let server = server();
    let gzip = server.get_with("/page", &[("Accept-Encoding", "gzip")]).expect(200).etag().to_owned();
    server.get_with("/page", &[("If-None-Match", &gzip)]).expect(200);
    server.get_with("/page", &[("If-None-Match", &gzip), ("Accept-Encoding", "br")]).expect(200);
    server.get_with("/page", &[("If-None-Match", &gzip), ("Accept-Encoding", "gzip")]).expect(304);
}

#[test]
fn codings_are_kept_only_where_they_are_smaller() {
    let dist = Dist::with(&[("tiny.txt", b"x"), ("empty.txt", b""), ("short.css", b"a{b:c}")]);
    let server = TestServer::of(&dist);
    for target in ["/tiny.txt", "/empty.txt", "/short.css"] {
        let response = server.get_with(target, &[("Accept-Encoding", "br, gzip")]).expect(200);
        assert_eq!((response.coding(), response.header("vary")), (None, None), "{target}");
    }
}

#[test]
fn opaque_bytes_in_the_field_are_harmless() {
    let server = server();
    let mut connection = server.connect();
    let text = request("GET", "/page", &[("Accept-Encoding", "gzip, @@, br;q=0.1")]);
    connection.send(text.replace("@@", "\u{80}\u{ff}"));
    let response = connection.response("GET");
    assert!(matches!(response.status, 200 | 400), "{}", response.status);
}
