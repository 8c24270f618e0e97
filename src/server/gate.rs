//! The gate between a socket and actix-http: it releases one request head at a time.
//!
//! actix-http decodes pipelined requests ahead of its responses and keeps the method, the version and the
//! `Connection: close` of the last decoded one only, so a response could get the framing of another request. The
//! gate releases the next head when the response is complete and written. It thereby bounds what a client can make
//! the server hold, and it owns the timers that actix-http lacks: for the head of every request, for idle
//! connections, and for responses that take too long.

mod connection;
mod head;

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use actix_web::http::StatusCode;
use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::drain::Drain;
use super::limits::Timeouts;
use super::lingering::Lingering;
use super::timer::Timer;
use crate::http::refusal_bytes;
use connection::Phase;
use head::{head_end, status_of};

pub(crate) use connection::Connection;

/// The largest request head; a longer one is refused with 431, or 414 if its first line is still unfinished.
const MAX_HEAD: usize = 32 << 10;

/// Bytes read from the socket at once.
const READ: usize = 4 << 10;

/// Told of a response that no handler made, and its status.
pub(crate) type OnRefusal = Rc<dyn Fn(&Connection, u16)>;

/// What a gate needs of the server.
pub(crate) struct Surroundings {
    pub(crate) timeouts: Timeouts,
    pub(crate) drain: Drain,
    pub(crate) on_refusal: OnRefusal,
}

/// A byte stream that releases one request head at a time.
pub(crate) struct Gate<T> {
    io: Lingering<T>,
    connection: Rc<Connection>,
    /// What was read and not released.
    input: BytesMut,
    /// Bytes at the beginning of `input` that hold no end of a head.
    scanned: usize,
    /// Bytes of the current head that are still to be released.
    releasing: usize,
    /// The client has closed its side.
    ended: bool,
    /// An answer of the gate's own, after which the connection is closed.
    refusal: Bytes,
    refused: bool,
    /// When the client must have sent the head that is waited for.
    deadline: Instant,
    /// The deadline is that of a head that has begun.
    head_begun: bool,
    /// When the response that is under way must be written.
    response_deadline: Option<Instant>,
    timeouts: Timeouts,
    timer: Timer,
    drain: Drain,
    on_refusal: OnRefusal,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Gate<T> {
    /// A gate in front of `io`, of which `input` was already read. The first head must be there at `deadline`.
    pub(crate) fn new(
        io: T,
        input: BytesMut,
        deadline: Instant,
        connection: Rc<Connection>,
        Surroundings { timeouts, drain, on_refusal }: Surroundings,
    ) -> Self {
        Self {
            io: Lingering::new(io, timeouts.linger),
            connection,
            input,
            scanned: 0,
            releasing: 0,
            ended: false,
            refusal: Bytes::new(),
            refused: false,
            deadline,
            head_begun: true,
            response_deadline: None,
            timeouts,
            timer: Timer::default(),
            drain,
            on_refusal,
        }
    }

    pub(crate) fn connection(&self) -> &Rc<Connection> {
        &self.connection
    }

    /// Reads once from the socket into `input`, or notes that the client has closed its side.
    fn fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut bytes = [MaybeUninit::uninit(); READ];
        let mut buffer = ReadBuf::uninit(&mut bytes);
        ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer))?;
        self.input.extend_from_slice(buffer.filled());
        self.ended = buffer.filled().is_empty();
        Poll::Ready(Ok(()))
    }

    /// Reads straight into actix-http's buffer: mostly that is one whole head, and nothing is left to be held back.
    fn fill_directly(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, buffer))?;
        let read = &buffer.filled()[before..];
        if head_end(read, 0) == Some(read.len()) && !read.starts_with(b"\r") && !read.starts_with(b"\n") {
            self.released();
            return Poll::Ready(Ok(()));
        }
        self.ended = read.is_empty();
        self.input.extend_from_slice(read);
        buffer.set_filled(before);
        Poll::Ready(Ok(()))
    }

    /// A head goes to actix-http.
    fn released(&mut self) {
        self.drain.settle();
        self.head_begun = false;
        self.connection.enter(Phase::Released);
    }

    /// While a response is under way, takes in a little of what follows it, so that the socket wakes this
    /// connection for the rest.
    fn read_ahead(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.ended && self.input.len() < MAX_HEAD {
            ready!(self.fill(cx))?;
        }
        Poll::Pending
    }

    /// Waits for a whole head, or for a reason to close.
    fn next_head(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            if let Some(length) = self.head_length() {
                self.releasing = length;
                self.released();
                return Poll::Ready(Ok(()));
            }
            if self.input.len() >= MAX_HEAD {
                let line_ended = self.input.contains(&b'\n');
                self.refuse(if line_ended {
                    StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
                } else {
                    StatusCode::URI_TOO_LONG
                });
                return Poll::Ready(Ok(()));
            }
            if self.ended {
                self.connection.enter(Phase::Closed);
                return Poll::Ready(Ok(()));
            }
            // What has arrived is answered, also when idle connections are closed.
            if self.fill(cx)?.is_pending() {
                if self.input.is_empty() && self.drain.is_closing() {
                    self.connection.enter(Phase::Closed);
                    return Poll::Ready(Ok(()));
                }
                ready!(self.poll_deadline(cx));
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// The length of the head at the beginning of `input`, after empty lines, which are skipped (RFC 9112 §2.2).
    fn head_length(&mut self) -> Option<usize> {
        let empty = self.input.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        if empty > 0 {
            self.input.advance(empty);
            self.scanned = 0;
        }
        if let Some(end) = head_end(&self.input, self.scanned) {
            return Some(end);
        }
        // An end of three bytes may be cut anywhere.
        self.scanned = self.input.len().saturating_sub(2);
        None
    }

    /// Ready when the client's time is up: then the connection is closed, with 408 if a head has begun.
    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.head_begun && !self.input.is_empty() {
            self.head_begun = true;
            self.deadline = Instant::now() + self.timeouts.head;
        }
        self.drain.wake_when_closing(cx);
        ready!(self.timer.poll(cx, self.deadline));
        if self.input.is_empty() {
            self.connection.enter(Phase::Closed);
        } else {
            self.refuse(StatusCode::REQUEST_TIMEOUT);
        }
        Poll::Ready(())
    }

    fn refuse(&mut self, status: StatusCode) {
        self.connection.enter(Phase::Closed);
        self.refused = true;
        self.refusal = refusal_bytes(status);
        (self.on_refusal)(&self.connection, status.as_u16());
    }

    fn poll_refusal(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.refusal.is_empty() {
            let refusal = self.refusal.clone();
            let written = ready!(self.poll_write_in_time(cx, &refusal))?;
            self.refusal.advance(written);
        }
        Pin::new(&mut self.io).poll_flush(cx)
    }

    /// Hands over as much of the current head as fits.
    fn release(&mut self, buffer: &mut ReadBuf<'_>) {
        let length = self.releasing.min(buffer.remaining());
        buffer.put_slice(&self.input[..length]);
        self.input.advance(length);
        self.releasing -= length;
        self.scanned = 0;
        if self.input.is_empty() {
            // Mostly nothing follows: an idle connection holds no memory for it.
            self.input = BytesMut::new();
        }
    }

    fn poll_write_in_time(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, bytes);
        if written.is_ready() {
            return written;
        }
        let timeout = self.timeouts.request;
        let deadline = *self.response_deadline.get_or_insert_with(|| Instant::now() + timeout);
        ready!(self.timer.poll(cx, deadline));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client takes too long to read")))
    }

    /// The response is written: the next head may come, unless the connection ends here.
    fn open(&mut self, cx: &mut Context<'_>) {
        let last = self.connection.is_last();
        self.response_deadline = None;
        self.connection.enter(if last { Phase::Closed } else { Phase::Open });
        self.deadline = Instant::now() + self.timeouts.idle;
        let wakes = self.timer.wakes_by(self.deadline) && self.drain.wakes() && !self.drain.is_closing();
        if last || self.ended || !self.input.is_empty() || !wakes {
            // actix-http does not read again by itself in this turn.
            cx.waker().wake_by_ref();
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncRead for Gate<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let gate = self.get_mut();
        loop {
            if gate.releasing > 0 {
                gate.release(buffer);
                return Poll::Ready(Ok(()));
            }
            match gate.connection.phase() {
                Phase::Open if gate.input.is_empty() && !gate.ended && !gate.drain.is_closing() => {
                    match gate.fill_directly(cx, buffer)? {
                        Poll::Ready(()) if gate.connection.phase() == Phase::Released => {
                            return Poll::Ready(Ok(()));
                        }
                        Poll::Ready(()) => {}
                        Poll::Pending => ready!(gate.poll_deadline(cx)),
                    }
                }
                Phase::Open => ready!(gate.next_head(cx))?,
                Phase::Closed => return gate.poll_refusal(cx),
                Phase::Released | Phase::Responding | Phase::Responded => return gate.read_ahead(cx),
            }
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Gate<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let gate = self.get_mut();
        if gate.connection.phase() == Phase::Released {
            // actix-http refuses what it can't parse without asking the handler; it then closes.
            gate.connection.enter(Phase::Closed);
            gate.refused = true;
            (gate.on_refusal)(&gate.connection, status_of(bytes));
        }
        gate.poll_write_in_time(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let gate = self.get_mut();
        ready!(Pin::new(&mut gate.io).poll_flush(cx))?;
        // actix-http flushes only after it has written everything.
        if gate.connection.phase() == Phase::Responded {
            gate.open(cx);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let gate = self.get_mut();
        let expects_more = gate.refused || gate.connection.is_last() || !gate.input.is_empty();
        if expects_more { Pin::new(&mut gate.io).poll_shutdown(cx) } else { gate.io.poll_close(cx) }
    }
}
