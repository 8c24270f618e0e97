//! A connection, from the accepted socket to its end: admission, TLS, and the choice between HTTP/1 and HTTP/2.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_http::{HttpService, KeepAlive, Protocol, Request};
use actix_service::{Service, ServiceFactory, fn_service};
use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::{Instant, timeout_at};

use super::drain::Drain;
use super::gate::{Connection, Gate, Surroundings};
use super::http2;
use super::limits::Admission;
use super::metrics::{Metrics, Rejection};
use super::proxies::Peer;
use super::proxy_header::{self, Beginning, Source};
use super::service::Worker;
use super::socket::Accepted;
use super::tls::Tls;
use super::wire::{Transport, Wire};

/// Bytes of a response that are gathered before they are written.
const WRITE_BUFFER: usize = 64 << 10;

/// How an HTTP/2 connection begins (RFC 9113 §3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What a listening address does with each socket that it accepts.
#[derive(Clone)]
pub(crate) struct Acceptor {
    pub(crate) worker: Worker,
    pub(crate) metrics: Option<Metrics>,
    pub(crate) tls: Option<Tls>,
}

/// The same on a worker's thread, with its HTTP/1 service.
pub(crate) struct Connections<H> {
    worker: Rc<Worker>,
    tls: Option<Tls>,
    http1: H,
}

impl Acceptor {
    /// What a worker thread does with each accepted socket; none if that can't be made.
    ///
    /// The handler is actix-http's service itself: an `App` around it, with no routes to choose from, costs more than
    /// everything that the handler does.
    pub(crate) async fn connections(
        self,
    ) -> Option<Rc<Connections<impl Service<Http1, Response = (), Error = DispatchError>>>> {
        let Self { worker, metrics, tls } = self;
        let worker = Rc::new(Worker { tally: metrics.as_ref().map(Metrics::tally), ..worker });
        let http1 = http1(Rc::clone(&worker)).new_service(()).await.ok()?;
        Some(Rc::new(Connections { worker, tls, http1 }))
    }
}

/// actix-http behind the gate.
fn http1(
    worker: Rc<Worker>,
) -> impl ServiceFactory<Http1, Config = (), Response = (), Error = DispatchError, InitError = ()> {
    HttpService::build()
        // The gate has the timers.
        .keep_alive(KeepAlive::Os)
        .client_request_timeout(Duration::ZERO)
        .client_disconnect_timeout(Duration::ZERO)
        .h1_write_buffer_size(WRITE_BUFFER)
        .on_connect_ext(|gate: &Gate<Transport>, extensions| {
            extensions.insert(Rc::clone(gate.connection()));
        })
        .finish(fn_service(move |request: Request| {
            let connection = request.conn_data::<Rc<Connection>>().cloned();
            let peer = connection.as_ref().map_or_else(Peer::default, |connection| connection.peer());
            worker.respond(request, peer, connection)
        }))
}

pub(crate) type Http1 = (Gate<Transport>, Protocol, Option<SocketAddr>);

impl<H: Service<Http1, Response = (), Error = DispatchError>> Connections<H> {
    /// Serves a connection until it ends.
    pub(crate) async fn serve(self: Rc<Self>, socket: Accepted, mut drain: Drain) {
        let worker = &self.worker;
        if let Some(tally) = &worker.tally {
            tally.accept();
        }
        let peer = worker.proxies.peer(socket.peer());
        let deadline = Instant::now() + worker.timeouts.head;
        // Fails only if the runtime is at its end.
        let Ok(socket) = socket.register() else { return };
        let wire = Wire::new(socket, worker.timeouts.write);
        let (opening, peer, _admission) = match timeout_at(deadline, self.open(wire, peer, &drain)).await {
            Ok(Ok(opened)) => opened,
            // The client was silent or left.
            Err(_) | Ok(Err(None)) => return,
            Ok(Err(Some(reason))) => {
                if let Some(tally) = &worker.tally {
                    tally.reject(reason);
                }
                return;
            }
        };
        if drain.is_closing() {
            drain.insist();
        }
        match opening {
            Opening::Http1(transport, input) => {
                let (timeouts, on_refusal) = (worker.timeouts, worker.on_refusal());
                let surroundings = Surroundings { timeouts, drain, on_refusal };
                let gate = Gate::new(transport, input, deadline.into_std(), Connection::new(peer), surroundings);
                // What goes wrong now is the client's, and it knows.
                let _ = self.http1.call((gate, Protocol::Http1, None)).await;
            }
            Opening::Http2(transport) => http2::serve(transport, Rc::clone(worker), peer, drain).await,
        }
    }

    /// Finds out whose connection it is and what it speaks; no reason why not for one that just ends.
    async fn open(
        &self,
        mut wire: Wire,
        mut peer: Peer,
        drain: &Drain,
    ) -> Result<(Opening, Peer, Admission), Option<Rejection>> {
        let Worker { proxies, admissions, .. } = &*self.worker;
        let admit = |peer: &Peer| admissions.admit(peer.counted()).ok_or(Rejection::AddressLimit);
        let introduces = proxies.introduces(&peer);
        let mut admission = if introduces { None } else { Some(admit(&peer)?) };
        // Until its first byte a client is idle; then it is not, however long its handshake takes.
        let mut input = tokio::select! {
            biased;
            input = beginning(&mut wire) => input.ok_or(None)?,
            () = drain.closing() => return Err(None),
        };
        if introduces {
            peer = proxies.introduced(peer, introduction(&mut wire, &mut input).await?);
            admission = Some(admit(&peer)?);
        }
        let opening = match &self.tls {
            None => plain(wire, input).await.ok_or(None)?,
            Some(tls) => secured(tls, wire, input).await?,
        };
        Ok((opening, peer, admission.ok_or(None)?))
    }
}

/// Takes the header off that a trusted proxy begins a connection with.
async fn introduction(wire: &mut Wire, input: &mut BytesMut) -> Result<Source, Rejection> {
    loop {
        let before = input.len();
        match proxy_header::read(input) {
            Beginning::Header(source, length) => {
                input.advance(length);
                return Ok(source);
            }
            Beginning::Partial if read(wire, input).await.is_some() && input.len() > before => {}
            Beginning::Partial | Beginning::Malformed => {
                log::debug!("closing a trusted proxy's connection: it does not begin with a PROXY header");
                return Err(Rejection::ProxyHeader);
            }
        }
    }
}

/// The first bytes of a connection; none if it ends before.
async fn beginning(wire: &mut Wire) -> Option<BytesMut> {
    let mut input = BytesMut::new();
    read(wire, &mut input).await?;
    (!input.is_empty()).then_some(input)
}

/// What a connection's first bytes say.
enum Opening {
    /// HTTP/1, and what was read of it.
    Http1(Transport, BytesMut),
    Http2(Transport),
}

/// Without TLS the first bytes tell the protocol (RFC 9113 §3.3); none for a connection that ends before.
async fn plain(mut wire: Wire, mut input: BytesMut) -> Option<Opening> {
    while PREFACE.starts_with(&input) && input.len() < PREFACE.len() {
        let before = input.len();
        read(&mut wire, &mut input).await?;
        if input.len() == before {
            return None;
        }
    }
    if input.starts_with(PREFACE) {
        wire.unread(input.freeze());
        return Some(Opening::Http2(Transport::Left(wire)));
    }
    Some(Opening::Http1(Transport::Left(wire), input))
}

/// Reads once. A buffer of its own would stay with the connection for as long as that lives.
async fn read(wire: &mut Wire, input: &mut BytesMut) -> Option<()> {
    poll_fn(|cx| {
        let mut bytes = [std::mem::MaybeUninit::uninit(); 2048];
        let mut buffer = ReadBuf::uninit(&mut bytes);
        match Pin::new(&mut *wire).poll_read(cx, &mut buffer) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(_)) => Poll::Ready(None),
            Poll::Ready(Ok(())) => {
                input.extend_from_slice(buffer.filled());
                Poll::Ready(Some(()))
            }
        }
    })
    .await
}

/// With TLS the handshake tells it (RFC 7301).
async fn secured(tls: &Tls, mut wire: Wire, input: BytesMut) -> Result<Opening, Option<Rejection>> {
    wire.unread(input.freeze());
    let stream = tls.handshake(wire).await.map_err(|error| match error.kind() {
        // Clients that leave have not been rejected: probes of load balancers do no more.
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => None,
        _ => Some(Rejection::Tls),
    })?;
    let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let transport = Transport::Right(Box::new(stream));
    Ok(if http2 { Opening::Http2(transport) } else { Opening::Http1(transport, BytesMut::new()) })
}
