//! What proxies say of requests: lines of Forwarded behind `f`, of X-Forwarded-For behind `x`, of X-Forwarded-Proto
//! behind `p`.

use std::net::IpAddr;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::http::Origin;
use crate::input::marked;
use crate::server::proxies::{Proxies, Speech};

pub fn check(input: &[u8]) {
    let Some(headers) = headers(input) else { return };
    let proxies = Proxies::parse(&["10.0.0.0/8".to_owned(), "::1".to_owned()], Speech::Plain).expect("networks");
    let proxy: IpAddr = [10, 0, 0, 1].into();
    let stranger: IpAddr = [192, 0, 2, 1].into();
    let nothing = Origin { client: Some(stranger), secure: None };
    assert_eq!(proxies.origin(&proxies.peer(Some(stranger)), &headers), nothing, "a stranger is believed nothing");
    let origin = proxies.origin(&proxies.peer(Some(proxy)), &headers);
    let trusted = |address: IpAddr| match address {
        IpAddr::V4(address) => address.octets()[0] == 10,
        IpAddr::V6(address) => address == std::net::Ipv6Addr::LOCALHOST,
    };
    let common = marked(input, b'x').flat_map(members).map(|node| address(node).ok()).collect::<Option<Vec<_>>>();
    let standard = marked(input, b'f').flat_map(members).map(element).collect::<Option<Vec<_>>>();
    // Where the simple reading does not know better, it says nothing.
    let (Some(common), Some(standard)) = (common, standard) else { return };
    let has = |list: &[Option<IpAddr>]| (!list.is_empty()).then(|| walk(list, trusted));
    let expected = match (has(&standard), has(&common)) {
        (Some(one), Some(other)) if one != other => None,
        (one, other) => one.or(other).flatten(),
    };
    assert_eq!(origin.client, expected.or(Some(proxy)));
    let schemes: Vec<bool> =
        marked(input, b'p').flat_map(members).map(|scheme| scheme.eq_ignore_ascii_case(b"https")).collect();
    if standard.is_empty() {
        assert_eq!(origin.secure, (!schemes.is_empty()).then(|| schemes.iter().all(|https| *https)));
    } else {
        assert!(origin.secure != Some(true) || schemes.iter().all(|https| *https));
    }
}

fn headers(input: &[u8]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (mark, name) in [(b'f', "forwarded"), (b'x', "x-forwarded-for"), (b'p', "x-forwarded-proto")] {
        for line in marked(input, mark) {
            headers.append(HeaderName::from_static(name), HeaderValue::from_bytes(line).ok()?);
        }
    }
    Some(headers)
}

fn members(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|member| !member.is_empty())
}

/// From the right, the first address that is no proxy's; at what can't be read the walk ends, with the last proxy.
fn walk(hops: &[Option<IpAddr>], trusted: impl Fn(IpAddr) -> bool) -> Option<IpAddr> {
    let mut last = None;
    for hop in hops.iter().rev() {
        match hop {
            Some(address) if trusted(*address) => last = Some(*address),
            Some(address) => return Some(*address),
            None => return last,
        }
    }
    last
}

/// A plain address; `unknown` is none, and of anything else there is nothing to say.
fn address(node: &[u8]) -> Result<Option<IpAddr>, ()> {
    let node = std::str::from_utf8(node).map_err(drop)?;
    let bare = node.strip_prefix('[').and_then(|node| node.strip_suffix(']'));
    match (bare, node.parse::<IpAddr>()) {
        (Some(bare), _) => Ok(Some(IpAddr::V6(bare.parse().map_err(drop)?).to_canonical())),
        (None, Ok(address)) => Ok(Some(address.to_canonical())),
        (None, Err(_)) if node == "unknown" => Ok(None),
        _ => Err(()),
    }
}

/// The address in `for=address` or `for="address"`; of any other element there is nothing to say.
fn element(text: &[u8]) -> Option<Option<IpAddr>> {
    let value = text.strip_prefix(b"for=")?;
    let value = value.strip_prefix(b"\"").map_or(Some(value), |value| value.strip_suffix(b"\""))?;
    let plain = |byte: &u8| byte.is_ascii_hexdigit() || b".:[]unkow".contains(byte);
    value.iter().all(plain).then(|| address(value).ok()).flatten()
}
