//! One exchange: a response on its way, whose end opens the gate and writes the access log's line.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_http::Request;
use actix_web::body::{BodySize, MessageBody};
use actix_web::http::{Version, header};
use bytes::Bytes;

use super::access_log::Entry;
use super::gate::Connection;
use super::metrics::Kind;
use super::proxies::Peer;
use super::service::Worker;
use crate::http::ResponseBody;

/// A response's body with what is to be done at its end.
pub(crate) struct Exchange {
    body: ResponseBody,
    connection: Option<Rc<Connection>>,
    record: Option<Record>,
}

/// What the access log and the metrics will tell.
pub(crate) struct Record {
    pub(crate) worker: Rc<Worker>,
    pub(crate) request: Request,
    pub(crate) peer: Peer,
    /// Whom the request is from.
    pub(crate) client: Option<IpAddr>,
    pub(crate) since: Instant,
    pub(crate) status: u16,
    pub(crate) kind: Kind,
    /// Bytes of content handed to the connection.
    pub(crate) sent: u64,
}

impl Exchange {
    pub(crate) fn new(body: ResponseBody, connection: Option<Rc<Connection>>, record: Option<Record>) -> Self {
        Self { body, connection, record }
    }
}

impl MessageBody for Exchange {
    type Error = io::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        let exchange = self.get_mut();
        let next = Pin::new(&mut exchange.body).poll_next(cx);
        if let (Poll::Ready(Some(Ok(bytes))), Some(record)) = (&next, &mut exchange.record) {
            record.sent += bytes.len() as u64;
        }
        next
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if let Some(record) = &self.record {
            record.tell();
        }
        if let Some(connection) = &self.connection {
            connection.responded();
        }
    }
}

impl Record {
    fn tell(&self) {
        let duration = self.since.elapsed();
        if let Some(tally) = &self.worker.tally {
            tally.respond(self.kind, self.sent, duration);
        }
        if let Some(log) = &self.worker.log {
            log.log(&self.entry(duration));
        }
    }

    fn entry(&self, duration: Duration) -> Entry<'_> {
        let head = self.request.head();
        let field = |name| head.headers.get(name).map(header::HeaderValue::as_bytes);
        let target = head.uri.path_and_query().map_or("*", |target| target.as_str());
        Entry {
            client: self.client,
            peer: self.peer.socket,
            method: Some(head.method.as_str().as_bytes()),
            target: Some(target.as_bytes()),
            protocol: Some(version(head.version)),
            host: field(header::HOST),
            status: self.status,
            bytes: self.sent,
            coding: self.kind.coding(),
            referer: field(header::REFERER),
            user_agent: field(header::USER_AGENT),
            duration,
        }
    }
}

fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2.0",
        _ => "HTTP/1.1",
    }
}
