//! Tables from RFC 7239, and from what proxies really send.

use actix_web::http::header::HeaderName;

use super::*;

/// 10.0.0.0/8 and fd00::/8 are the proxies.
fn trusted(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.octets()[0] == 10,
        IpAddr::V6(address) => address.octets()[0] == 0xfd,
    }
}

fn origin(fields: &[(&str, &[u8])]) -> Origin {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_bytes(value).unwrap());
    }
    Origin::of(&headers, trusted)
}

/// The address and the scheme that a line of Forwarded tells.
fn forwarded(line: &str) -> (String, Option<bool>) {
    let Origin { client, secure } = origin(&[("forwarded", line.as_bytes())]);
    (client.map_or("-".into(), |client| client.to_string()), secure)
}

/// The address that lines of X-Forwarded-For tell.
fn forwarded_for(lines: &[&str]) -> String {
    let fields: Vec<_> = lines.iter().map(|line| ("x-forwarded-for", line.as_bytes())).collect();
    origin(&fields).client.map_or("-".into(), |client| client.to_string())
}

/// RFC 7239 section 4, section 6 and section 7.1.
#[test]
fn examples_of_the_rfc_are_read() {
    for (line, address, secure) in [
        ("for=\"_gazonk\"", "-", None),
        ("For=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17", None),
        ("for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60", Some(false)),
        ("for=192.0.2.43, for=10.51.100.17", "192.0.2.43", None),
        ("for=192.0.2.43, for=\"[fd00:db8:cafe::17]\"", "192.0.2.43", None),
        ("for=_hidden, for=_SEVKISEK", "-", None),
        ("for=unknown", "-", None),
        ("for=\"192.0.2.43:47011\"", "192.0.2.43", None),
        ("for=\"[2001:db8:cafe::17]:_port\"", "2001:db8:cafe::17", None),
        ("for=\"192.0.2.43:_x.y-z\";proto=https", "192.0.2.43", Some(true)),
    ] {
        assert_eq!(forwarded(line), (address.to_owned(), secure), "{line}");
    }
}

#[test]
fn names_and_spaces_are_taken_generously() {
    for line in [
        "FOR=192.0.2.1",
        "by=10.0.0.1;for=192.0.2.1;host=\"a,b;for=192.0.2.9\"",
        "  for=192.0.2.1  ",
        ",, for=192.0.2.1 ,",
        "for=192.0.2.1; proto=http",
        "for=192.0.2.1 ;proto=http",
        ";for=192.0.2.1;;",
        "for=\"192.0.\\2.\\1\"",
        "for=192.0.2.1:80",
        "for=\"[::ffff:192.0.2.1]\"",
        "for=[::ffff:192.0.2.1]:443",
    ] {
        assert_eq!(forwarded(line).0, "192.0.2.1", "{line}");
    }
    assert_eq!(forwarded("for=2001:db8::1").0, "2001:db8::1");
    assert_eq!(forwarded("for=192.0.2.1;proto=HTTPS").1, Some(true));
    assert_eq!(forwarded("for=192.0.2.1;proto=wss").1, Some(false));
}

/// An element that breaks the grammar tells nothing, and nor does anything to the left of it.
#[test]
fn junk_is_nobody() {
    for line in [
        "",
        "for",
        "for=",
        "=192.0.2.1",
        "192.0.2.1",
        "for 192.0.2.1",
        "for=192.0.2.1 x",
        "for=192.0.2.1\"\"",
        "for=\"192.0.2.1",
        "for=\"192.0.2.1\\",
        "for=\"192.0.2.1\\\"",
        "for=\"192.0.2.1\"x",
        "for=192.0.2.1;for=192.0.2.1",
        "for=192.0.2.1;proto=http;proto=https",
        "for=192.0.2.1;x",
        "for=[192.0.2.1]",
        "for=[2001:db8::1",
        "for=2001:db8::1]",
        "for=\"[2001:db8::1]:99999\"",
        "for=\"[2001:db8::1]:_\"",
        "for=\"192.0.2.1:_a b\"",
        "for=192.0.2.256",
        "for=192.0.2",
        "for=0xc0000201",
        "for=192.0.2.1%0a",
        "for=localhost",
        "proto=https, for=",
    ] {
        assert_eq!(forwarded(line).0, "-", "{line:?}");
    }
    assert_eq!(origin(&[("forwarded", b"for=\xff\xfe;proto=\xff")]), Origin { client: None, secure: Some(false) });
    assert_eq!(origin(&[]), Origin::default());
}

#[test]
fn the_client_is_the_first_from_the_right_that_is_no_trusted_proxy() {
    for (line, address) in [
        ("for=198.51.100.9, for=192.0.2.1", "192.0.2.1"),
        ("for=198.51.100.9, for=192.0.2.1, for=10.0.0.2, for=10.0.0.1", "192.0.2.1"),
        // All are trusted: the client is in their network.
        ("for=10.0.0.3, for=10.0.0.2", "10.0.0.3"),
        // What is left of a hop that tells nothing can't be believed.
        ("for=192.0.2.1, for=_hidden", "-"),
        ("for=192.0.2.1, for=_hidden, for=10.0.0.2, for=10.0.0.1", "10.0.0.2"),
        ("for=192.0.2.1, for=\"10.0.0.2, for=10.0.0.1", "-"),
        ("for=\"192.0.2.7, for=192.0.2.8\", for=10.0.0.1", "10.0.0.1"),
    ] {
        assert_eq!(forwarded(line).0, address, "{line}");
    }
    for (lines, address) in [
        (&["192.0.2.1"][..], "192.0.2.1"),
        (&["198.51.100.9, 192.0.2.1,10.0.0.2 , 10.0.0.1"], "192.0.2.1"),
        (&["198.51.100.9", "192.0.2.1", "10.0.0.1"], "192.0.2.1"),
        (&["2001:db8::1, fd00::1"], "2001:db8::1"),
        (&["[2001:db8::1]:443"], "2001:db8::1"),
        (&["192.0.2.1:4711"], "192.0.2.1"),
        (&["::ffff:192.0.2.1"], "192.0.2.1"),
        (&["192.0.2.1,,"], "192.0.2.1"),
        (&["192.0.2.1, unknown"], "-"),
        (&["192.0.2.1, unknown, 10.0.0.1"], "10.0.0.1"),
        (&["192.0.2.1; x"], "-"),
        (&["192.0.2.1 192.0.2.2"], "-"),
        (&["fe80::1%eth0"], "-"),
        (&[""], "-"),
    ] {
        assert_eq!(forwarded_for(lines), address, "{lines:?}");
    }
}

/// The scheme is the one that the client spoke, not one between two proxies.
#[test]
fn scheme_comes_from_the_hop_of_the_client() {
    for (line, secure) in [
        ("for=192.0.2.1;proto=https, for=10.0.0.1;proto=http", Some(true)),
        ("for=192.0.2.1;proto=http, for=10.0.0.1;proto=https", Some(false)),
        ("for=192.0.2.1, for=10.0.0.1;proto=https", None),
        ("for=198.51.100.9;proto=https, for=192.0.2.1;proto=http", Some(false)),
        ("proto=https", Some(true)),
        ("for=_hidden;proto=https, for=10.0.0.1;proto=http", Some(true)),
    ] {
        assert_eq!(forwarded(line).1, secure, "{line}");
    }
    for (value, secure) in
        [("https", Some(true)), ("HTTPS", Some(true)), ("http", Some(false)), ("https, http", Some(false)), ("", None)]
    {
        assert_eq!(origin(&[("x-forwarded-proto", value.as_bytes())]).secure, secure, "{value}");
    }
}

/// A proxy that writes one of the fields may pass on the other as the client sent it.
#[test]
fn fields_that_contradict_each_other_are_not_believed() {
    let both = |forwarded: &str, forwarded_for: &str| {
        origin(&[("forwarded", forwarded.as_bytes()), ("x-forwarded-for", forwarded_for.as_bytes())]).client
    };
    let client: IpAddr = [192, 0, 2, 1].into();
    assert_eq!(both("for=192.0.2.1", "192.0.2.1"), Some(client));
    assert_eq!(both("for=192.0.2.1, for=10.0.0.1", "198.51.100.9, 192.0.2.1"), Some(client));
    assert_eq!(both("for=198.51.100.9", "192.0.2.1"), None);
    assert_eq!(both("for=\"", "192.0.2.1"), None);
    let schemes = |forwarded: &str, common: &str| {
        origin(&[("forwarded", forwarded.as_bytes()), ("x-forwarded-proto", common.as_bytes())]).secure
    };
    assert_eq!(schemes("for=192.0.2.1;proto=https", "https"), Some(true));
    assert_eq!(schemes("for=192.0.2.1;proto=https", "http"), Some(false));
    assert_eq!(schemes("for=192.0.2.1", "https"), Some(true));
}

/// Whatever comes, reading ends, and what a trusted proxy appends in a field of its own counts.
#[test]
fn any_bytes_leave_the_last_line_readable() {
    let alphabet = b"for=proto;,\"\\ \t[]:_.10aF\xff%";
    let mut state = 0x2545_f491_u32;
    for _ in 0..20_000 {
        let junk: Vec<u8> = (0..state % 40)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                alphabet[(state >> 16) as usize % alphabet.len()]
            })
            .collect();
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let mine: &[u8] = b"for=192.0.2.1;proto=https, for=10.0.0.1";
        let expected = Origin { client: Some([192, 0, 2, 1].into()), secure: Some(true) };
        assert_eq!(origin(&[("forwarded", &junk), ("forwarded", mine)]), expected, "{junk:?}");
        origin(&[("x-forwarded-for", &junk), ("x-forwarded-proto", &junk)]);
    }
}
