//! Messages between the `h2` crate, which speaks of them in one version of the `http` crate, and actix-http, which
//! speaks of them in another.

use std::cell::RefCell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use actix_http::{Payload, Request, Response};
use actix_web::body::{BodySize, MessageBody};
use actix_web::http::header::{HOST, HeaderName, HeaderValue};
use actix_web::http::{Method, Uri, Version};
use http::{StatusCode, header};

use super::super::exchange::Exchange;

/// A request as HTTP/1 would have it: the authority is in Host. None if it can't be written so.
pub(super) fn request(head: http::request::Parts) -> Option<Request> {
    let mut request = Request::with_payload(Payload::None);
    let to = request.head_mut();
    to.method = Method::from_bytes(head.method.as_str().as_bytes()).ok()?;
    to.uri = match head.uri.path_and_query() {
        Some(target) => Uri::try_from(target.as_str()).ok()?,
        None => Uri::from_static("/"),
    };
    to.version = Version::HTTP_2;
    for (name, value) in &head.headers {
        let name = HeaderName::from_bytes(name.as_str().as_bytes()).ok()?;
        to.headers.append(name, HeaderValue::from_bytes(value.as_bytes()).ok()?);
    }
    if let Some(authority) = head.uri.authority() {
        // A Host that says something else makes two, which is refused (RFC 9113 §8.3.1).
        let same = |host: &HeaderValue| host.as_bytes().eq_ignore_ascii_case(authority.as_str().as_bytes());
        if !to.headers.get(HOST).is_some_and(same) {
            to.headers.append(HOST, HeaderValue::from_str(authority.as_str()).ok()?);
        }
    }
    Some(request)
}

/// The head of a response, with the fields that HTTP/1 writes by itself, and its body.
pub(super) fn response(response: Response<Exchange>) -> (http::Response<()>, Exchange) {
    let (response, body) = response.into_parts();
    let mut to = http::Response::new(());
    *to.status_mut() = StatusCode::from_u16(response.status().as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let has_length = !matches!(*to.status_mut(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let headers = to.headers_mut();
    for (name, value) in response.headers() {
        let name = header::HeaderName::from_bytes(name.as_str().as_bytes());
        if let (Ok(name), Ok(value)) = (name, header::HeaderValue::from_bytes(value.as_bytes())) {
            headers.append(name, value);
        }
    }
    if let (true, BodySize::Sized(length)) = (has_length, body.size()) {
        headers.insert(header::CONTENT_LENGTH, length.into());
    }
    headers.insert(header::DATE, date());
    (to, body)
}

/// Bytes of content that are sent.
pub(super) fn content_length(body: &Exchange, is_head: bool) -> u64 {
    match body.size() {
        BodySize::Sized(length) if !is_head => length,
        _ => 0,
    }
}

/// The value of Date, formatted once per second and thread.
fn date() -> header::HeaderValue {
    thread_local! {
        static DATE: RefCell<(u64, header::HeaderValue)> = const { RefCell::new((0, header::HeaderValue::from_static(""))) };
    }
    let second = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    DATE.with_borrow_mut(|(cached, value)| {
        if *cached != second {
            let text = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(second));
            if let Ok(text) = header::HeaderValue::from_str(&text) {
                (*cached, *value) = (second, text);
            }
        }
        value.clone()
    })
}
