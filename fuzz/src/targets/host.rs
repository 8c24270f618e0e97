//! The Host header.

use std::net::Ipv6Addr;

use actix_web::http::Uri;

use crate::http::host::is_valid;

pub fn check(input: &[u8]) {
    assert_eq!(is_valid(input), by_the_grammar(input));
    if !is_valid(input) {
        return;
    }
    // What is valid can stand in a URL and says nothing else there: no user, no path, no query.
    let host = std::str::from_utf8(input).expect("a valid host is ASCII");
    assert!(host.bytes().all(|byte| byte.is_ascii_graphic() && !b"/?#@\\\"<>^`{|}".contains(&byte)));
    let url = format!("http://{host}/path");
    if let Ok(url) = url.parse::<Uri>() {
        assert_eq!((url.path(), url.query()), ("/path", None));
        assert_eq!(url.authority().map(|authority| authority.as_str()), Some(host));
    }
}

/// `uri-host [ ":" port ]` (RFC 9110 §7.2, RFC 3986 §3.2.2).
fn by_the_grammar(value: &[u8]) -> bool {
    let Ok(value) = std::str::from_utf8(value) else { return false };
    if let Some(rest) = value.strip_prefix('[') {
        let Some((literal, port)) = rest.split_once(']') else { return false };
        let future = || {
            let Some((version, address)) = literal.strip_prefix(['v', 'V']).and_then(|rest| rest.split_once('.'))
            else {
                return false;
            };
            let hex = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_hexdigit());
            hex && !address.is_empty() && address.bytes().all(|byte| byte == b':' || plain(byte))
        };
        return (literal.parse::<Ipv6Addr>().is_ok() || future()) && (port.is_empty() || is_port(port));
    }
    let (name, port) = value.split_at(value.find(':').unwrap_or(value.len()));
    is_registered_name(name) && (port.is_empty() || is_port(port))
}

fn is_port(text: &str) -> bool {
    text.strip_prefix(':').is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_registered_name(name: &str) -> bool {
    let mut parts = name.split('%');
    let whole = |part: &str| part.bytes().all(plain);
    let encoded = |part: &str| part.len() >= 2 && part.bytes().take(2).all(|byte| byte.is_ascii_hexdigit());
    parts.next().is_none_or(whole) && parts.all(|part| encoded(part) && whole(part))
}

/// Unreserved characters and sub-delimiters.
fn plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte)
}
