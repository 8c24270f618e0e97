//! Whole requests: a request line, then a field on each line. `x-mode: N` is not sent but chooses what `site serve` was
//! told.

use std::sync::Arc;

use actix_web::dev::RequestHead;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode, Uri, Version};

use crate::client::{Reply, ask, lines, value};
use crate::http::handler::{Handler, Options};
use crate::http::secure::SecureHosts;
use crate::input::first_line;
use crate::multipart;
use crate::pack::EntityTagText;
use crate::sample;
use crate::site::TrailingSlash;

/// Hosts whose visitors are sent to https.
const SECURE: [&str; 2] = ["x", "example.com:8443"];

pub fn check(input: &[u8]) {
    let Some((head, options)) = request(input) else { return };
    let sent_on = options.secure_hosts.is_some();
    let handler = Handler::new(options);
    let reply = ask(sample::served(), &handler, &head);
    well_formed(&reply, &head, sent_on);
    // The same without conditions and ranges: what the answer must agree with.
    let mut whole = head.clone();
    for name in [header::RANGE, header::IF_RANGE, header::IF_MATCH, header::IF_NONE_MATCH] {
        whole.headers.remove(name);
    }
    whole.method = Method::GET;
    let whole = ask(sample::served(), &handler, &whole);
    if head.method == Method::HEAD {
        let mut get = head.clone();
        get.method = Method::GET;
        get.headers.remove(header::RANGE);
        let get = ask(sample::served(), &handler, &get);
        assert!(reply.body.is_empty());
        assert_eq!((reply.status, reply.length, lines(&reply)), (get.status, get.length, lines(&get)));
    } else if head.method == Method::GET {
        agrees(&reply, &whole, &head);
    }
}

fn agrees(reply: &Reply, whole: &Reply, head: &RequestHead) {
    let asked = |name: HeaderName| head.headers.contains_key(name);
    match reply.status.as_u16() {
        206 => {
            assert!(asked(header::RANGE) && whole.status == StatusCode::OK);
            assert_eq!(value(reply, header::ETAG), value(whole, header::ETAG));
            assert_eq!(value(reply, header::CONTENT_ENCODING), value(whole, header::CONTENT_ENCODING));
            let content_type = value(reply, header::CONTENT_TYPE).unwrap_or_default();
            match content_type.strip_prefix("multipart/byteranges; boundary=") {
                Some(boundary) => multipart::check(&reply.body, boundary, &whole.body),
                None => {
                    multipart::part(&reply.body, &value(reply, header::CONTENT_RANGE).expect("a range"), &whole.body)
                }
            }
        }
        304 => {
            assert!(asked(header::IF_NONE_MATCH) && whole.status == StatusCode::OK && reply.length == 0);
            for name in [header::ETAG, header::VARY, header::CACHE_CONTROL] {
                assert_eq!(value(reply, name.clone()), value(whole, name));
            }
        }
        412 => assert!(asked(header::IF_MATCH) && whole.status == StatusCode::OK),
        416 => {
            assert!(asked(header::RANGE) && whole.status == StatusCode::OK);
            assert_eq!(value(reply, header::CONTENT_RANGE), Some(format!("bytes */{}", whole.length)));
        }
        _ => assert_eq!((reply.status, &reply.body, lines(reply)), (whole.status, &whole.body, lines(whole))),
    }
}

/// What holds of every answer.
fn well_formed(reply: &Reply, head: &RequestHead, sent_on: bool) {
    let status = reply.status.as_u16();
    assert!(
        matches!(status, 200 | 204 | 206 | 301..=304 | 307 | 308 | 400 | 404..=406 | 410 | 412 | 416 | 421),
        "{status}"
    );
    let single = [header::CONTENT_TYPE, header::ETAG, header::CONTENT_RANGE, header::LOCATION, header::CACHE_CONTROL];
    assert!(single.iter().all(|name| reply.headers.get_all(name).count() <= 1));
    // Framing is the connection's.
    for name in [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION, header::DATE] {
        assert!(!reply.headers.contains_key(name));
    }
    let vary = value(reply, header::VARY).unwrap_or_default();
    assert!(!reply.headers.contains_key(header::CONTENT_ENCODING) || vary == "accept-encoding");
    if status >= 400 {
        assert_eq!(value(reply, header::CACHE_CONTROL).as_deref(), Some("no-store"));
        assert!(!reply.headers.contains_key(header::ETAG));
    }
    if status == 200 && head.method == Method::GET {
        let entity_tag = value(reply, header::ETAG).expect("a file has an entity tag");
        assert_eq!(entity_tag.as_bytes(), EntityTagText::of(&reply.body).as_bytes());
    }
    if let Some(location) = value(reply, header::LOCATION) {
        let here = location.starts_with('/') && !location.starts_with("//");
        let host = || location.parse::<Uri>().ok()?.into_parts().authority.map(|host| host.to_string());
        let secure = sent_on && location.starts_with("https://") && host().is_some_and(|host| SECURE.contains(&&*host));
        assert!(if sent_on { secure } else { here || location.starts_with("https://other.example/") }, "{location}");
    }
    if sent_on {
        return assert!(matches!(status, 308 | 400 | 421));
    }
    assert_eq!(status == 405, !matches!(head.method, Method::GET | Method::HEAD | Method::OPTIONS) && status != 400);
}

/// Reads a request; nothing if no client could send it so.
fn request(input: &[u8]) -> Option<(RequestHead, Options)> {
    let (line, rest) = first_line(input);
    let mut words = line.split(|byte| *byte == b' ');
    let method = Method::from_bytes(words.next()?).ok()?;
    let uri = Uri::try_from(words.next()?).ok()?;
    let version = if words.next() == Some(b"HTTP/1.0") { Version::HTTP_10 } else { Version::HTTP_11 };
    let mut head = RequestHead::default();
    (head.method, head.uri, head.version) = (method, uri, version);
    for line in rest.unwrap_or_default().split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let (name, value) = line.split_at(line.iter().position(|byte| *byte == b':')?);
        let value = HeaderValue::from_bytes(value[1..].trim_ascii()).ok()?;
        head.headers.append(HeaderName::from_bytes(name).ok()?, value);
    }
    let mode =
        head.headers.remove("x-mode").next().map_or(0, |mode| mode.as_bytes().first().map_or(0, |byte| byte % 16));
    let modes = [TrailingSlash::Auto, TrailingSlash::Always, TrailingSlash::Never, TrailingSlash::None];
    let trailing_slash = modes[usize::from(mode % 4)];
    let hosts = || SecureHosts::parse(&SECURE.map(str::to_owned)).expect("hosts");
    let options = Options {
        single_page_application: mode & 4 != 0,
        trailing_slash,
        secure_hosts: (mode & 8 != 0).then(|| Arc::new(hosts())),
        strict_transport_security: (mode & 8 != 0).then(|| HeaderValue::from_static("max-age=60")),
    };
    Some((head, options))
}
