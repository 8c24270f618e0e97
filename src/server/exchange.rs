//! One exchange: a response on its way, whose end opens the gate and writes the access log's line.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Instant;

use actix_http::Request;
use actix_web::body::{BodySize, MessageBody};
use actix_web::http::{Version, header};
use bytes::Bytes;

use super::access_log::{AccessLog, Entry};
use super::gate::Connection;
use crate::http::ResponseBody;

/// A response's body with what is to be done at its end.
pub(crate) struct Exchange {
    body: ResponseBody,
    connection: Option<Rc<Connection>>,
    record: Option<Record>,
}

/// What the access log will tell.
pub(crate) struct Record {
    pub(crate) log: AccessLog,
    pub(crate) request: Request,
    pub(crate) since: Instant,
    pub(crate) status: u16,
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
            record.write(self.connection.as_deref());
        }
        if let Some(connection) = &self.connection {
            connection.responded();
        }
    }
}

impl Record {
    fn write(&self, connection: Option<&Connection>) {
        let head = self.request.head();
        let field = |name| head.headers.get(name).map(header::HeaderValue::as_bytes);
        let target = head.uri.path_and_query().map_or("*", |target| target.as_str());
        self.log.log(&Entry {
            client: connection.and_then(Connection::client).or_else(|| head.peer_addr.map(|peer| peer.ip())),
            method: head.method.as_str().as_bytes(),
            target: target.as_bytes(),
            version: version(head.version),
            status: self.status,
            bytes: self.sent,
            referer: field(header::REFERER),
            user_agent: field(header::USER_AGENT),
            duration: self.since.elapsed(),
        });
    }
}

fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2.0",
        _ => "HTTP/1.1",
    }
}
