//! HTTP/2: a connection's streams, its timers, and its end (RFC 9113).
//!
//! actix-http's own HTTP/2 service sets no limit of streams, never says GOAWAY and uses a line of the `h2` crate that is
//! no longer mended; this is the same crate's current line, driven with the server's limits. Requests are answered
//! where HTTP/1's are.

mod message;

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::MessageBody;
use bytes::Bytes;
use futures_util::stream::{FuturesUnordered, StreamExt};
use h2::server::{Builder, Connection, SendResponse};
use h2::{Reason, SendStream};
use http::Request;
use tokio::time::{Instant, timeout, timeout_at};

use super::drain::Drain;
use super::limits::Timeouts;
use super::lingering::Lingering;
use super::proxies::Peer;
use super::service::Worker;
use super::timer::Timer;
use super::wire::Transport;

/// Streams that a client may have open at a time.
const MAX_STREAMS: u32 = 128;

/// Bytes of a header section, as RFC 9113 §6.5.2 counts them.
const MAX_HEADER_LIST: u32 = 32 << 10;

/// Bytes of a stream's content that wait for the client or the socket.
const MAX_SEND_BUFFER: usize = 64 << 10;

/// Bytes of unwanted request content that a client may send on a stream.
const RECEIVE_WINDOW: u32 = 16 << 10;

/// How long a client may take to close its side when the server ends, if it has all of its responses.
const FAREWELL: Duration = Duration::from_millis(200);

/// Bytes of content that a client may not have read yet when they are sent; it asks for more with WINDOW_UPDATE.
const UNREAD: u64 = 64 << 10;

/// Each tells how many bytes of content it sent.
type Exchanges = FuturesUnordered<Pin<Box<dyn Future<Output = u64>>>>;

/// Serves a connection until it ends.
pub(crate) async fn serve(transport: Transport, worker: Rc<Worker>, peer: Peer, mut drain: Drain) {
    // From now on the client learns by GOAWAY which of its requests are answered.
    drain.settle();
    let mut builder = Builder::new();
    builder
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEADER_LIST)
        .max_send_buffer_size(MAX_SEND_BUFFER)
        .initial_window_size(RECEIVE_WINDOW);
    let timeouts = worker.timeouts;
    let transport = Lingering::new(transport, timeouts.linger);
    let Ok(Ok(connection)) = timeout(timeouts.head, builder.handshake(transport)).await else { return };
    let mut session = Session {
        connection,
        worker,
        peer,
        exchanges: Exchanges::new(),
        active: Instant::now(),
        patience: timeouts.head,
        reading: None,
        closing: None,
        leaving: None,
        timer: Timer::default(),
    };
    let mut draining = pin!(drain.draining());
    let mut closing = pin!(drain.closing());
    let (mut drained, mut closed) = (false, false);
    poll_fn(|cx| {
        if !drained && draining.as_mut().poll(cx).is_ready() {
            drained = true;
            session.close();
        }
        closed = closed || closing.as_mut().poll(cx).is_ready();
        session.poll(cx, closed)
    })
    .await;
}

/// A connection and the exchanges that are under way on its streams.
struct Session {
    connection: Connection<Lingering<Transport>, Bytes>,
    worker: Rc<Worker>,
    peer: Peer,
    exchanges: Exchanges,
    /// When something was asked for or answered last.
    active: Instant,
    /// How long the client may then take to ask.
    patience: Duration,
    /// When the last response was sent that the client may not have read yet.
    reading: Option<Instant>,
    /// Since when the client knows that the connection ends.
    closing: Option<Instant>,
    /// When the connection is cut off.
    leaving: Option<Instant>,
    timer: Timer,
}

impl Session {
    /// Says GOAWAY: what the client has already asked for is answered, and nothing more.
    fn close(&mut self) {
        if self.closing.is_none() {
            self.connection.graceful_shutdown();
            self.closing = Some(Instant::now());
        }
    }

    /// Says which request was the last one, and ends the connection.
    fn leave(&mut self) {
        let now = Instant::now();
        let reading = self.reading.map(|since| since + self.worker.timeouts.linger);
        self.leaving = Some(reading.unwrap_or(now).max(now + FAREWELL));
        self.connection.abrupt_shutdown(Reason::NO_ERROR);
    }

    /// Ready at the end of the connection. `at_once` ends it as soon as it is idle.
    fn poll(&mut self, cx: &mut Context<'_>, at_once: bool) -> Poll<()> {
        loop {
            match self.connection.poll_accept(cx) {
                Poll::Ready(Some(Ok((request, respond)))) => self.begin(cx, request, respond),
                Poll::Ready(None | Some(Err(_))) => return Poll::Ready(()),
                Poll::Pending => match self.exchanges.poll_next_unpin(cx) {
                    // It may have left something to be written.
                    Poll::Ready(Some(sent)) => self.answered(sent),
                    Poll::Ready(None) | Poll::Pending => break,
                },
            }
        }
        if !self.exchanges.is_empty() || self.connection.has_streams() {
            return Poll::Pending;
        }
        if let Some(deadline) = self.leaving {
            return self.timer.poll(cx, deadline.into_std());
        }
        if at_once {
            self.leave();
            return self.poll(cx, at_once);
        }
        self.poll_idle(cx)
    }

    /// Starts an exchange; mostly it is over at once.
    fn begin(&mut self, cx: &mut Context<'_>, request: Request<h2::RecvStream>, respond: SendResponse<Bytes>) {
        (self.active, self.patience) = (Instant::now(), self.worker.timeouts.idle);
        let mut exchange = Box::pin(exchange(Rc::clone(&self.worker), request, self.peer, respond));
        match exchange.as_mut().poll(cx) {
            Poll::Ready(sent) => self.answered(sent),
            Poll::Pending => self.exchanges.push(exchange),
        }
    }

    /// A response was sent, with so many bytes of content.
    fn answered(&mut self, sent: u64) {
        self.active = Instant::now();
        if sent > UNREAD {
            self.reading = Some(self.active);
        }
    }

    /// An idle connection is told to end, and ended when the client does not react.
    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(since) = self.closing {
            return self.timer.poll(cx, (since + self.worker.timeouts.linger).into_std());
        }
        if self.timer.poll(cx, (self.active + self.patience).into_std()).is_ready() {
            self.close();
            // Has GOAWAY written.
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

/// Answers one request on its stream; tells how many bytes of content were sent.
async fn exchange(
    worker: Rc<Worker>,
    request: Request<h2::RecvStream>,
    peer: Peer,
    mut respond: SendResponse<Bytes>,
) -> u64 {
    let (head, mut content) = request.into_parts();
    let Some(request) = message::request(head) else {
        respond.send_reset(Reason::PROTOCOL_ERROR);
        return 0;
    };
    if !content.is_end_stream() && timeout(worker.timeouts.linger, discard(&mut content)).await == Ok(None) {
        return 0;
    }
    let is_head = request.method() == "HEAD";
    let Ok(response) = worker.respond(request, peer, None).await else { return 0 };
    let (head, mut body) = message::response(response);
    let length = message::content_length(&body, is_head);
    let mut left = length;
    let Ok(mut stream) = respond.send_response(head, left == 0) else { return 0 };
    let mut sending = Sending::new(worker.timeouts);
    while left > 0 {
        let piece = poll_fn(|cx| Pin::new(&mut body).poll_next(cx)).await;
        let Some(Ok(piece)) = piece else {
            stream.send_reset(Reason::INTERNAL_ERROR);
            break;
        };
        left = left.saturating_sub(piece.len() as u64);
        if sending.send(&mut stream, piece, left == 0).await.is_none() {
            stream.send_reset(Reason::CANCEL);
            break;
        }
    }
    length - left
}

/// Takes what a client is let send of unwanted content, up to its end: then it listens to the answer. Whatever else
/// it wants to send, it is told not to once the answer is complete. None if the stream has failed.
async fn discard(content: &mut h2::RecvStream) -> Option<()> {
    let mut length = 0;
    while let Some(piece) = content.data().await {
        length += piece.ok()?.len();
        if length >= RECEIVE_WINDOW as usize {
            return Some(());
        }
    }
    content.trailers().await.ok().map(|_| ())
}

/// The time that a client has for taking a response.
struct Sending {
    write: Duration,
    request: Duration,
    /// When the response must be taken, if it had to wait for the client.
    deadline: Option<Instant>,
}

impl Sending {
    fn new(timeouts: Timeouts) -> Self {
        Self { write: timeouts.write, request: timeouts.request, deadline: None }
    }

    /// Sends bytes as the client's flow control lets them; none if it is gone or too slow.
    async fn send(&mut self, stream: &mut SendStream<Bytes>, mut bytes: Bytes, last: bool) -> Option<()> {
        while !bytes.is_empty() {
            stream.reserve_capacity(bytes.len());
            if stream.capacity() == 0 {
                let now = Instant::now();
                let deadline = *self.deadline.get_or_insert(now + self.request);
                let capacity = poll_fn(|cx| stream.poll_capacity(cx));
                timeout_at(deadline.min(now + self.write), capacity).await.ok()??.ok()?;
            }
            let piece = bytes.split_to(stream.capacity().min(bytes.len()));
            if !piece.is_empty() {
                stream.send_data(piece, last && bytes.is_empty()).ok()?;
            }
        }
        Some(())
    }
}
