//! Requests to the handler, without a connection.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::RequestHead;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};

use crate::http::handler::Handler;
use crate::http::served::Served;

/// An answer with all of its body.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// What Content-Length will say.
    pub(crate) length: u64,
    pub(crate) body: Vec<u8>,
}

/// Asks for an answer and reads it to its end.
pub(crate) fn ask(served: &Served, handler: &Handler, head: &RequestHead) -> Reply {
    let response = handler.respond(served, head).expect("only a folder goes stale");
    let (response, mut pieces) = response.into_parts();
    let BodySize::Sized(length) = pieces.size() else { panic!("the length is always known") };
    let mut body = Vec::new();
    while let Poll::Ready(Some(piece)) = Pin::new(&mut pieces).poll_next(&mut Context::from_waker(Waker::noop())) {
        body.extend_from_slice(&piece.expect("memory can be read"));
    }
    assert!(body.len() as u64 == length || head.method == Method::HEAD);
    Reply { status: response.status(), headers: response.headers().clone(), length, body }
}

/// The first value of a field.
pub(crate) fn value(reply: &Reply, name: HeaderName) -> Option<String> {
    reply.headers.get(name).map(|value| value.to_str().expect("ASCII").to_owned())
}

/// All fields, sorted.
pub(crate) fn lines(reply: &Reply) -> Vec<(String, Vec<u8>)> {
    let line = |(name, value): (&HeaderName, &HeaderValue)| (name.to_string(), value.as_bytes().to_vec());
    let mut lines: Vec<_> = reply.headers.iter().map(line).collect();
    lines.sort();
    lines
}
