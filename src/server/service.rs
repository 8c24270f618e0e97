//! From a request to a response: the handler, the site as it is at that moment, and what the connection has to know.

use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::rc::Rc;
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
use crate::http::{Handler, ResponseBody, Stale, unavailable};

type Outcome = Result<Response<Exchange>, actix_web::Error>;

/// A response that is there, or one that waits for the site to be replaced.
pub(crate) type Responding = Either<Ready<Outcome>, Pin<Box<dyn Future<Output = Outcome>>>>;

/// How long a request for a file that is just being replaced waits for the site to be replaced.
const REPLACEMENT: Duration = Duration::from_secs(2);

/// What every worker thread gets.
#[derive(Clone)]
pub(crate) struct Worker {
    pub(crate) handler: Handler,
    pub(crate) live: Live,
    pub(crate) log: Option<AccessLog>,
    pub(crate) drain: DrainSwitch,
    pub(crate) timeouts: Timeouts,
    pub(crate) admissions: Admissions,
    /// From this many open connections on, each one ends with its response: there may not be enough for all.
    pub(crate) crowded: usize,
}

impl Worker {
    /// Responds at once, or, for a file that was replaced a moment ago, when its site was replaced, too. `connection`
    /// is the HTTP/1 connection of the request.
    pub(crate) fn respond(self: &Rc<Self>, request: Request, connection: Option<Rc<Connection>>) -> Responding {
        let since = self.log.as_ref().map(|_| Instant::now());
        let response = self.handler.respond(&self.live.current(), request.head());
        match response {
            Ok(response) => Either::Left(ready(Ok(self.finish(request, connection, response, since)))),
            Err(Stale) => {
                let worker = Rc::clone(self);
                Either::Right(Box::pin(async move {
                    let response = worker.respond_from_next(request.head()).await;
                    Ok(worker.finish(request, connection, response, since))
                }))
            }
        }
    }

    /// Makes the response an exchange on the request's connection.
    fn finish(
        &self,
        request: Request,
        connection: Option<Rc<Connection>>,
        mut response: HttpResponse<ResponseBody>,
        since: Option<Instant>,
    ) -> Response<Exchange> {
        if let Some(connection) = &connection {
            connection.respond();
            if self.must_close(request.head()) || response.status() == StatusCode::BAD_REQUEST {
                connection.close_after_response();
                response.head_mut().set_connection_type(ConnectionType::Close);
            }
        }
        let status = response.status().as_u16();
        let log = self.log.clone().zip(since);
        let record = log.map(|(log, since)| Record { log, request, since, status, sent: 0 });
        response.map_body(|_, body| Exchange::new(body, connection, record)).into()
    }

    async fn respond_from_next(&self, request: &RequestHead) -> HttpResponse<ResponseBody> {
        let seen = Guard::into_inner(self.live.current());
        if self.live.wait_for_replacement(&seen, REPLACEMENT).await
            && let Ok(response) = self.handler.respond(&self.live.current(), request)
        {
            return response;
        }
        unavailable()
    }

    /// The connection must end with the response: the client said so, the server stops or is crowded, or what follows the head is
    /// not a request (a body that nobody reads, another protocol).
    fn must_close(&self, request: &RequestHead) -> bool {
        let has_body = request.headers.contains_key(header::TRANSFER_ENCODING)
            || request.headers.get(header::CONTENT_LENGTH).is_some_and(|length| length != "0");
        has_body
            || request.connection_type() != ConnectionType::KeepAlive
            || self.drain.is_draining()
            || self.drain.open() >= self.crowded
    }

    pub(crate) fn on_refusal(&self) -> OnRefusal {
        let log = self.log.clone();
        Rc::new(move |connection, status| {
            let Some(log) = &log else { return };
            let (nothing, none) = (b"-".as_slice(), None);
            log.log(&Entry {
                client: connection.client(),
                method: nothing,
                target: nothing,
                version: "-",
                status,
                bytes: 0,
                referer: none,
                user_agent: none,
                duration: Duration::ZERO,
            });
        })
    }
}
