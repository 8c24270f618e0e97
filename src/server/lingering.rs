//! Closing without destroying what is on its way: after the last byte, what the client still sends is read.
//!
//! A kernel that gets bytes for a socket that is closed answers with a reset, and that makes the client's kernel throw
//! away what it has not delivered yet (RFC 9112 §9.6).

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::timer::Timer;

/// Bytes that are read before the connection is closed nevertheless.
const MAX_LINGER: usize = 1 << 20;

/// A byte stream whose shutdown waits for the client's, for a while.
pub(crate) struct Lingering<T> {
    io: T,
    limit: Duration,
    since: Option<Instant>,
    lingered: usize,
    timer: Timer,
}

impl<T> Lingering<T> {
    pub(crate) fn new(io: T, limit: Duration) -> Self {
        Self { io, limit, since: None, lingered: 0, timer: Timer::default() }
    }
}

impl<T: AsyncRead + Unpin> Lingering<T> {
    /// Ready when the client has closed its side, or the time is over.
    fn poll_linger(&mut self, cx: &mut Context<'_>, since: Instant) -> Poll<()> {
        let deadline = since + self.limit;
        let mut bytes = [MaybeUninit::uninit(); 2048];
        while self.lingered < MAX_LINGER {
            let mut buffer = ReadBuf::uninit(&mut bytes);
            match Pin::new(&mut self.io).poll_read(cx, &mut buffer) {
                Poll::Pending => return self.timer.poll(cx, deadline),
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => self.lingered += buffer.filled().len(),
                Poll::Ready(_) => return Poll::Ready(()),
            }
        }
        Poll::Ready(())
    }
}

impl<T: AsyncWrite + Unpin> Lingering<T> {
    /// Shuts down without waiting: the client has nothing more to send.
    pub(crate) fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Lingering<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_read(cx, buffer)
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Lingering<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().io).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().io).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stream = self.get_mut();
        let since = match stream.since {
            Some(since) => since,
            None => {
                ready!(Pin::new(&mut stream.io).poll_shutdown(cx))?;
                *stream.since.insert(Instant::now())
            }
        };
        stream.poll_linger(cx, since).map(Ok)
    }
}
