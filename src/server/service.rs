//! From an accepted socket to a response: the gate, actix-http, and actix-web's `App` with one service.

use std::rc::Rc;
use std::time::{Duration, Instant};

use actix_http::{ConnectionType, HttpService, KeepAlive, Protocol};
use actix_rt::net::TcpStream;
use actix_service::{ServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::dev::{AppConfig, RequestHead, ServiceRequest, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::{App, HttpResponse};

use super::access_log::{AccessLog, Entry};
use super::drain::DrainSwitch;
use super::exchange::{Exchange, Record};
use super::gate::{Connection, Gate, OnRefusal, Timeouts};
use super::live::Live;
use crate::http::{Handler, ResponseBody, unavailable};

/// How long a request for a file that is just being replaced waits for the site to be replaced.
const REPLACEMENT: Duration = Duration::from_secs(2);

/// Bytes of a response that are gathered before they are written.
const WRITE_BUFFER: usize = 64 << 10;

/// What every worker thread gets.
#[derive(Clone)]
pub(crate) struct Worker {
    pub(crate) handler: Handler,
    pub(crate) live: Live,
    pub(crate) log: Option<AccessLog>,
    pub(crate) drain: DrainSwitch,
    pub(crate) timeouts: Timeouts,
}

impl Worker {
    /// The service that a worker runs for each accepted socket.
    pub(crate) fn factory(
        &self,
    ) -> impl ServiceFactory<
        TcpStream,
        Config = (),
        Response = (),
        Error = actix_http::error::DispatchError,
        InitError = (),
    > + use<> {
        let worker = self.clone();
        let application = self.clone();
        let on_refusal = self.on_refusal();
        let http = HttpService::build()
            // The gate has the timers.
            .keep_alive(KeepAlive::Os)
            .client_request_timeout(Duration::ZERO)
            .client_disconnect_timeout(Duration::ZERO)
            .h1_write_buffer_size(WRITE_BUFFER)
            .on_connect_ext(|gate: &Gate<TcpStream>, extensions| {
                extensions.insert(Rc::clone(gate.connection()));
            })
            .finish(map_config(application.app(), |_| AppConfig::default()));
        fn_service(move |socket: TcpStream| {
            let worker = worker.clone();
            let on_refusal = Rc::clone(&on_refusal);
            async move {
                let peer = socket.peer_addr().ok();
                // A response is written in one piece: waiting for more to send with it only adds delay.
                let _ = socket.set_nodelay(true);
                let connection = Connection::new(peer.map(|peer| peer.ip()));
                let gate = Gate::new(socket, connection, worker.timeouts, worker.drain.connection(), on_refusal);
                Ok((gate, Protocol::Http1, peer))
            }
        })
        .and_then(http)
    }

    /// actix-web's application: one service for every path.
    fn app(
        self,
    ) -> App<
        impl ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse,
            Error = actix_web::Error,
            InitError = (),
        >,
    > {
        App::new().default_service(fn_service(move |request: ServiceRequest| {
            let worker = self.clone();
            async move { Ok::<_, actix_web::Error>(worker.respond(request).await) }
        }))
    }

    async fn respond(&self, request: ServiceRequest) -> ServiceResponse {
        let since = Instant::now();
        let (request, _payload) = request.into_parts();
        let connection = request.conn_data::<Rc<Connection>>().cloned();
        let mut response = self.answer(request.head()).await;
        if let Some(connection) = &connection {
            connection.respond();
            if self.must_close(request.head()) || response.status() == StatusCode::BAD_REQUEST {
                connection.close_after_response();
                response.head_mut().set_connection_type(ConnectionType::Close);
            }
        }
        let status = response.status().as_u16();
        let record = self.log.clone().map(|log| Record { log, request: request.clone(), since, status, sent: 0 });
        let response = response.map_body(|_, body| Exchange::new(body, connection, record)).map_into_boxed_body();
        ServiceResponse::new(request, response)
    }

    /// Answers from the current site; a file that was replaced a moment ago, from the next one.
    async fn answer(&self, request: &RequestHead) -> HttpResponse<ResponseBody> {
        let served = self.live.current();
        if let Ok(response) = self.handler.respond(&served, request) {
            return response;
        }
        let seen = arc_swap::Guard::into_inner(served);
        if self.live.wait_for_replacement(&seen, REPLACEMENT).await
            && let Ok(response) = self.handler.respond(&self.live.current(), request)
        {
            return response;
        }
        unavailable()
    }

    /// The connection must end with the response: the client said so, the server stops, or what follows the head is
    /// not a request (a body that nobody reads, another protocol).
    fn must_close(&self, request: &RequestHead) -> bool {
        let has_body = request.headers.contains_key(header::TRANSFER_ENCODING)
            || request.headers.get(header::CONTENT_LENGTH).is_some_and(|length| length != "0");
        has_body || request.connection_type() != ConnectionType::KeepAlive || self.drain.is_draining()
    }

    fn on_refusal(&self) -> OnRefusal {
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
