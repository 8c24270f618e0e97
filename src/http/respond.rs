//! Responses: the only file that writes status lines and headers.

use std::ops::Range;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;

use super::body::{Content, ResponseBody};
use super::error_page::ErrorFormat;
use super::field::{describes_content, is_caching};
use super::served::{Served, add};
use crate::pack::Coding;
use crate::rule::{Field, Origin};
use crate::site::{Asset, Representation, Site, Trace};

fn remove(headers: &mut HeaderMap, names: &[HeaderName]) {
    names.iter().for_each(|name| drop(headers.remove(name)));
}

/// A decision about a request, with all that its response needs.
pub(crate) enum Answer<'a> {
    /// The whole representation: 200.
    Whole(Selected<'a>, Content),
    /// Parts of the representation: 206.
    Parts(Selected<'a>, Content, Vec<Range<u64>>),
    NotModified(Selected<'a>),
    /// The site's own page for what is not there, its content, and the status.
    ErrorPage(u16, Selected<'a>, Content),
    /// Another address, with this status.
    Redirect(u16, String),
    /// 204 with the allowed methods.
    Options,
    Refused(Refusal),
}

/// An asset and the representation of it that a request gets.
pub(crate) struct Selected<'a> {
    pub(crate) asset: Asset<'a>,
    pub(crate) representation: Representation,
    /// The fields of an asset that answers at another address than its own; nothing if they are the prepared ones.
    pub(crate) fields: Option<Vec<Field>>,
}

/// Why a request gets an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    BadRequest,
    NotFound,
    Gone,
    MethodNotAllowed,
    /// Nothing that the asset has is acceptable.
    NotAcceptable,
    /// If-Match failed; the asset may have more than one representation.
    PreconditionFailed {
        varies: bool,
    },
    /// No part of the range exists in a representation of `length` bytes.
    RangeNotSatisfiable {
        length: u64,
        varies: bool,
    },
    /// The file is just being replaced.
    Unavailable,
    /// The host is none that is served here (RFC 9110 §15.5.20).
    Misdirected,
}

const ALLOW: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");
const NO_CACHE: &str = "no-cache";
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// What an answer is written with: the prepared fields, the rules, and the path that was asked for.
pub(crate) struct Writing<'a> {
    pub(crate) layer: &'a Served,
    pub(crate) rules: &'a Site,
    pub(crate) path: &'a str,
}

/// Writes the response for an answer. `format` is asked for only when an error must be explained.
pub(crate) fn build(
    writing: &Writing<'_>,
    answer: Answer<'_>,
    format: impl FnOnce() -> ErrorFormat,
    trace: &mut Trace,
) -> HttpResponse<ResponseBody> {
    match answer {
        Answer::Whole(selected, content) => {
            let body = ResponseBody::whole(content, selected.representation.length);
            let mut response = HttpResponse::with_body(StatusCode::OK, body);
            representation_headers(writing, response.headers_mut(), &selected, trace);
            response
        }
        Answer::Parts(selected, content, parts) => partial(writing, &selected, content, parts, trace),
        Answer::NotModified(selected) => {
            let mut response = HttpResponse::with_body(StatusCode::NOT_MODIFIED, ResponseBody::none());
            let headers = response.headers_mut();
            representation_headers(writing, headers, &selected, trace);
            // RFC 9110 §15.4.5: no representation metadata but what steers caches.
            remove(headers, &[header::CONTENT_TYPE, header::CONTENT_ENCODING, header::ACCEPT_RANGES]);
            response
        }
        Answer::ErrorPage(code, selected, content) => {
            let body = ResponseBody::whole(content, selected.representation.length);
            let status = StatusCode::from_u16(code).unwrap_or(StatusCode::NOT_FOUND);
            let mut response = HttpResponse::with_body(status, body);
            let headers = response.headers_mut();
            representation_headers(writing, headers, &selected, trace);
            let caching: Vec<_> = headers.keys().filter(|name| is_caching(name.as_str())).cloned().collect();
            remove(headers, &caching);
            headers.insert(header::CACHE_CONTROL, NO_STORE);
            remove(headers, &[header::ETAG, header::ACCEPT_RANGES]);
            response
        }
        Answer::Redirect(code, location) => redirect(writing, code, &location, trace),
        Answer::Options => {
            let mut response = HttpResponse::with_body(StatusCode::NO_CONTENT, ResponseBody::none());
            let headers = response.headers_mut();
            own_headers(writing, headers, &[], trace);
            headers.insert(header::ALLOW, ALLOW);
            response
        }
        Answer::Refused(refusal) => refused(refusal, format(), Some(writing), trace),
    }
}

/// The fields of a 200: the asset's own, and those of the selected representation.
fn representation_headers(writing: &Writing<'_>, headers: &mut HeaderMap, selected: &Selected<'_>, trace: &mut Trace) {
    let Selected { asset, representation, fields } = selected;
    match fields {
        None => writing.layer.insert(headers, asset.headers()),
        Some(fields) => insert(headers, fields),
    }
    trace.note_fields(|| fields.clone().unwrap_or_else(|| asset.fields()));
    if let Ok(entity_tag) = HeaderValue::from_maybe_shared(representation.entity_tag_bytes.clone()) {
        headers.insert(header::ETAG, entity_tag);
    }
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if representation.coding != Coding::Identity {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(representation.coding.token()));
    }
    vary(headers, asset.varies());
}

/// Inserts fields that were worked out for one request.
fn insert(headers: &mut HeaderMap, fields: &[Field]) {
    for field in fields {
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(field.name.as_bytes()), HeaderValue::from_str(&field.value))
        {
            add(headers, name, value);
        }
    }
}

/// The fields of an answer without an asset: the default ones, changed by the rules for the path. None of the rules
/// lets an error be kept.
fn own_headers(writing: &Writing<'_>, headers: &mut HeaderMap, defaults: &[(&str, &str)], trace: &mut Trace) {
    let default = |(name, value): &(&str, &str)| Field {
        name: (*name).to_owned(),
        value: (*value).to_owned(),
        origin: Origin::default_value(),
    };
    let mut fields: Vec<Field> = defaults.iter().map(default).collect();
    writing.rules.apply_rules(writing.path, &mut fields);
    fields.retain(|field| !describes_content(&field.name));
    if !defaults.contains(&("cache-control", NO_CACHE)) {
        fields.retain(|field| !is_caching(&field.name));
    }
    insert(headers, &fields);
    trace.note_fields(|| fields);
}

fn vary(headers: &mut HeaderMap, varies: bool) {
    if varies {
        headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
}

/// 206 with one part, or with several as multipart/byteranges (RFC 9110 §14.6).
fn partial(
    writing: &Writing<'_>,
    selected: &Selected<'_>,
    content: Content,
    parts: Vec<Range<u64>>,
    trace: &mut Trace,
) -> HttpResponse<ResponseBody> {
    let length = selected.representation.length;
    let mut headers = HeaderMap::new();
    representation_headers(writing, &mut headers, selected, trace);
    let body = if let [part] = parts.as_slice() {
        headers.insert(header::CONTENT_RANGE, content_range(part, length));
        ResponseBody::parts(content, [(Bytes::new(), part.clone())], Bytes::new())
    } else {
        // No content contains its own hash, so the entity tag makes a boundary that no part contains.
        let boundary = String::from_utf8_lossy(selected.representation.entity_tag.as_bytes()).replace('"', "-");
        let multipart = format!("multipart/byteranges; boundary={boundary}");
        let content_type = headers.remove(header::CONTENT_TYPE).next();
        headers.insert(header::CONTENT_TYPE, value(multipart));
        let part_head = |part: &Range<u64>| {
            let mut head = format!("\r\n--{boundary}\r\n").into_bytes();
            if let Some(content_type) = &content_type {
                head.extend([b"content-type: ", content_type.as_bytes(), b"\r\n"].concat());
            }
            head.extend([b"content-range: ", content_range(part, length).as_bytes(), b"\r\n\r\n"].concat());
            Bytes::from(head)
        };
        let end = format!("\r\n--{boundary}--\r\n").into();
        ResponseBody::parts(content, parts.into_iter().map(|part| (part_head(&part), part)), end)
    };
    let mut response = HttpResponse::with_body(StatusCode::PARTIAL_CONTENT, body);
    *response.headers_mut() = headers;
    response
}

fn content_range(part: &Range<u64>, length: u64) -> HeaderValue {
    value(format!("bytes {}-{}/{length}", part.start, part.end - 1))
}

/// A value that consists of visible characters by construction.
fn value(text: String) -> HeaderValue {
    HeaderValue::from_maybe_shared(Bytes::from(text)).unwrap_or_else(|_| HeaderValue::from_static(""))
}

const SAFETY: [(&str, &str); 2] =
    [("x-content-type-options", "nosniff"), ("referrer-policy", "strict-origin-when-cross-origin")];

/// Another address (RFC 9110 §15.4).
fn redirect(writing: &Writing<'_>, code: u16, location: &str, trace: &mut Trace) -> HttpResponse<ResponseBody> {
    let body = ResponseBody::of(format!("Moved to {location}\n").into());
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::PERMANENT_REDIRECT);
    let mut response = HttpResponse::with_body(status, body);
    let headers = response.headers_mut();
    let [content_type_options, referrer_policy] = SAFETY;
    own_headers(writing, headers, &[("cache-control", NO_CACHE), content_type_options, referrer_policy], trace);
    headers.insert(header::LOCATION, value(location.to_owned()));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

fn refused(
    refusal: Refusal,
    format: ErrorFormat,
    writing: Option<&Writing<'_>>,
    trace: &mut Trace,
) -> HttpResponse<ResponseBody> {
    let status = match refusal {
        Refusal::BadRequest => StatusCode::BAD_REQUEST,
        Refusal::NotFound => StatusCode::NOT_FOUND,
        Refusal::Gone => StatusCode::GONE,
        Refusal::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Refusal::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
        Refusal::PreconditionFailed { .. } => StatusCode::PRECONDITION_FAILED,
        Refusal::RangeNotSatisfiable { .. } => StatusCode::RANGE_NOT_SATISFIABLE,
        Refusal::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Refusal::Misdirected => StatusCode::MISDIRECTED_REQUEST,
    };
    let mut response = HttpResponse::with_body(status, ResponseBody::of(format.page(status).into()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    match writing {
        Some(writing) => own_headers(writing, headers, &SAFETY, trace),
        None => SAFETY.iter().for_each(|(name, value)| {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }),
    }
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    match refusal {
        Refusal::MethodNotAllowed => drop(headers.insert(header::ALLOW, ALLOW)),
        Refusal::NotAcceptable => vary(headers, true),
        Refusal::PreconditionFailed { varies } => vary(headers, varies),
        Refusal::RangeNotSatisfiable { length, varies } => {
            headers.insert(header::CONTENT_RANGE, value(format!("bytes */{length}")));
            vary(headers, varies);
        }
        Refusal::Unavailable => drop(headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"))),
        Refusal::BadRequest | Refusal::NotFound | Refusal::Gone | Refusal::Misdirected => {}
    }
    response
}

/// Adds Strict-Transport-Security, unless the site has a say of its own (RFC 6797 §7.1).
pub(crate) fn strictly(mut response: HttpResponse<ResponseBody>, value: &HeaderValue) -> HttpResponse<ResponseBody> {
    let headers = response.headers_mut();
    if !headers.contains_key(header::STRICT_TRANSPORT_SECURITY) {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, value.clone());
    }
    response
}

/// 503 for a file that was replaced and whose new content is not known yet.
pub(crate) fn unavailable() -> HttpResponse<ResponseBody> {
    refused(Refusal::Unavailable, ErrorFormat::Text, None, &mut Trace::off())
}

/// The answer to a request that never became one, written by the connection before it closes.
pub(crate) fn refusal_bytes(status: StatusCode) -> Bytes {
    let page = ErrorFormat::Text.page(status);
    let reason = status.canonical_reason().unwrap_or("Error");
    format!(
        "HTTP/1.1 {} {reason}\r\ncontent-length: {}\r\nconnection: close\r\ncache-control: no-store\r\n\
         content-type: text/plain; charset=utf-8\r\nx-content-type-options: nosniff\r\n\r\n{page}",
        status.as_u16(),
        page.len()
    )
    .into()
}
