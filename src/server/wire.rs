//! The wire: a socket that can give back bytes that were read too early, and that gives up clients that do not read.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;

use super::socket::Socket;
use super::timer::Timer;

/// The byte stream of a connection, without TLS or with it: one type for both, so that what is above it is compiled once.
pub(crate) type Transport = Either<Wire, Box<TlsStream<Wire>>>;

/// A socket with a limit for how long its client may take no bytes.
pub(crate) struct Wire {
    socket: Socket,
    /// Bytes that were read from the socket and are read again.
    early: Bytes,
    write_timeout: Duration,
    /// When the client stopped taking bytes.
    stalled: Option<Instant>,
    timer: Timer,
}

impl Wire {
    pub(crate) fn new(socket: Socket, write_timeout: Duration) -> Self {
        Self { socket, early: Bytes::new(), write_timeout, stalled: None, timer: Timer::default() }
    }

    /// Has `early`, which was the first that was read, read before what is in the socket.
    pub(crate) fn unread(&mut self, early: Bytes) {
        self.early = early;
    }

    /// Passes on the outcome of a write, or ends the wait for a client that has taken no bytes for too long.
    fn in_time(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let since = *self.stalled.get_or_insert_with(Instant::now);
        ready!(self.timer.poll(cx, since + self.write_timeout));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client takes no bytes")))
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        if wire.early.is_empty() {
            return Pin::new(&mut wire.socket).poll_read(cx, buffer);
        }
        let length = wire.early.len().min(buffer.remaining());
        buffer.put_slice(&wire.early[..length]);
        wire.early.advance(length);
        if wire.early.is_empty() {
            // An empty rest would hold all of it.
            wire.early = Bytes::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let wire = self.get_mut();
        let written = Pin::new(&mut wire.socket).poll_write(cx, bytes);
        wire.in_time(cx, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wire = self.get_mut();
        let written = Pin::new(&mut wire.socket).poll_write_vectored(cx, slices);
        wire.in_time(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_shutdown(cx)
    }
}
