//! From a request to a response: the handler, the site as it is at that moment, and what the connection has to know.

use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_http::{ConnectionType, Request, Response};
use actix_web::HttpResponse;
use actix_web::dev::RequestHead;
use actix_web::http::{StatusCode, header};
use arc_swap::Guard;
use futures_util::future::Either;

use super::access_log::{AccessLog, Entry};
use super::drain::DrainSwitch;
use super::exchange::{Exchange, Record};
use super::gate::{Connection, OnRefusal};
use super::limits::{Admissions, Timeouts};
use super::live::Live;
use super::metrics::{Kind, Tally};
use super::proxies::{Peer, Proxies};
use crate::http::{Handler, Origin, ResponseBody, Stale, unavailable};

type Outcome = Result<Response<Exchange>, actix_web::Error>;

/// A response that is there, or one that waits for the site to be replaced.
pub(crate) type Responding = Either<Ready<Outcome>, Pin<Box<dyn Future<Output = Outcome>>>>;

/// How long a request for a file that is just being replaced waits for the site to be replaced.
const REPLACEMENT: Duration = Duration::from_secs(2);

/// What every worker thread gets.
#[derive(Clone)]
pub(crate) struct Worker {
    /// For requests as they come.
    pub(crate) handler: Handler,
    /// For requests that came to a trusted proxy over TLS.
    pub(crate) secure_handler: Handler,
    pub(crate) live: Live,
    pub(crate) log: Option<AccessLog>,
    /// What this thread counts, if anybody wants to know.
    pub(crate) tally: Option<Arc<Tally>>,
    pub(crate) drain: DrainSwitch,
    pub(crate) timeouts: Timeouts,
    pub(crate) admissions: Admissions,
    pub(crate) proxies: Arc<Proxies>,
    /// From this many open connections on, each one ends with its response: there may not be enough for all.
    pub(crate) crowded: usize,
}

/// A request and what is known about it.
struct Asked {
    request: Request,
    peer: Peer,
    origin: Origin,
    /// The HTTP/1 connection of the request.
    connection: Option<Rc<Connection>>,
    /// When it came, if anybody wants to know.
    since: Option<Instant>,
}

impl Worker {
    /// Responds at once, or, for a file that was replaced a moment ago, when its site was replaced, too. `connection`
    /// is the HTTP/1 connection of the request.
    pub(crate) fn respond(
        self: &Rc<Self>,
        request: Request,
        peer: Peer,
        connection: Option<Rc<Connection>>,
    ) -> Responding {
        let since = (self.log.is_some() || self.tally.is_some()).then(Instant::now);
        let origin = self.proxies.origin(&peer, &request.head().headers);
        let asked = Asked { request, peer, origin, connection, since };
        let response = self.handler_for(&origin).respond(&self.live.current(), asked.request.head());
        match response {
            Ok(response) => Either::Left(ready(Ok(self.finish(asked, response)))),
            Err(Stale) => {
                let worker = Rc::clone(self);
                Either::Right(Box::pin(async move {
                    let response = worker.respond_from_next(&asked).await;
                    Ok(worker.finish(asked, response))
                }))
            }
        }
    }

    fn handler_for(&self, origin: &Origin) -> &Handler {
        if origin.secure == Some(true) { &self.secure_handler } else { &self.handler }
    }

    /// Makes the response an exchange on the request's connection.
    fn finish(self: &Rc<Self>, asked: Asked, mut response: HttpResponse<ResponseBody>) -> Response<Exchange> {
        let Asked { request, peer, origin, connection, since } = asked;
        if let Some(connection) = &connection {
            connection.respond();
            if self.must_close(request.head()) || response.status() == StatusCode::BAD_REQUEST {
                connection.close_after_response();
                response.head_mut().set_connection_type(ConnectionType::Close);
            }
        }
        let record = since.map(|since| {
            let status = response.status().as_u16();
            let kind = Kind::of(status, response.headers(), request.version());
            Record { worker: Rc::clone(self), request, peer, client: origin.client, since, status, kind, sent: 0 }
        });
        response.map_body(|_, body| Exchange::new(body, connection, record)).into()
    }

    async fn respond_from_next(&self, asked: &Asked) -> HttpResponse<ResponseBody> {
        let seen = Guard::into_inner(self.live.current());
        if self.live.wait_for_replacement(&seen, REPLACEMENT).await
            && let Ok(response) = self.handler_for(&asked.origin).respond(&self.live.current(), asked.request.head())
        {
            return response;
        }
        unavailable()
    }

    /// The connection must end with the response: the client said so, the server stops or is crowded, or what follows
    /// the head is not a request (a body that nobody reads, another protocol).
    fn must_close(&self, request: &RequestHead) -> bool {
        let has_body = request.headers.contains_key(header::TRANSFER_ENCODING)
            || request.headers.get(header::CONTENT_LENGTH).is_some_and(|length| length != "0");
        has_body
            || request.connection_type() != ConnectionType::KeepAlive
            || self.drain.is_draining()
            || self.drain.open() >= self.crowded
    }

    /// Notes responses that no handler made.
    pub(crate) fn on_refusal(self: &Rc<Self>) -> OnRefusal {
        let worker = Rc::clone(self);
        Rc::new(move |connection, status| {
            if let Some(tally) = &worker.tally {
                tally.refuse(status);
            }
            if let Some(log) = &worker.log {
                let Peer { client, socket, .. } = connection.peer();
                log.log(&Entry { client, peer: socket, status, ..Entry::default() });
            }
        })
    }
}
