//! Pipelined requests in front of actix-http: a stream in pieces whose lengths the first line gives (a byte each).

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::input::first_line;
use crate::server::drain::DrainSwitch;
use crate::server::gate::{Connection, Gate, Surroundings};
use crate::server::limits::Timeouts;
use crate::server::proxies::Proxies;
use crate::unlimited;

pub fn check(input: &[u8]) {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime = unlimited(|| {
            tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime")
        });
    }
    let (lengths, stream) = first_line(input);
    let stream = stream.unwrap_or_default();
    RUNTIME.with(|runtime| {
        let _entered = runtime.enter();
        serve(lengths, stream);
    });
}

/// A head at a time comes through, whole, and the next one only after the response.
fn serve(lengths: &[u8], stream: &[u8]) {
    let hour = Duration::from_secs(3600);
    let timeouts = Timeouts { head: hour, idle: hour, write: hour, request: hour, linger: hour };
    let connection = Connection::new(Proxies::default().peer(None));
    let surroundings =
        Surroundings { timeouts, drain: DrainSwitch::new().connection(), on_refusal: Rc::new(|_, _| {}) };
    let socket = Socket::new(lengths, stream);
    let mut gate = Gate::new(socket, BytesMut::new(), Instant::now() + hour, Rc::clone(&connection), surroundings);
    let size = usize::from(*lengths.first().unwrap_or(&0)) + 1;
    let mut rest = stream;
    while let Some((head, after)) = next_head(rest) {
        assert_eq!(read(&mut gate, size, head.len()), head, "the next head comes through");
        parsed_alike(head);
        connection.respond();
        assert!(read(&mut gate, size, 1).is_empty(), "nothing comes through before the response");
        write(&mut gate, &connection);
        rest = after;
    }
    assert!(read(&mut gate, size, 1).is_empty(), "what is no whole head does not come through");
}

/// actix-http sees the end of the head where the gate does, if it can read it at all.
fn parsed_alike(head: &[u8]) {
    let mut fields = [httparse::EMPTY_HEADER; 96];
    match httparse::Request::new(&mut fields).parse(head) {
        Ok(httparse::Status::Complete(length)) => assert_eq!(length, head.len()),
        Ok(httparse::Status::Partial) => {
            panic!("actix-http would wait for more of {:?}", String::from_utf8_lossy(head))
        }
        Err(_) => {}
    }
}

/// The first head of a stream, which ends with an empty line, and what follows it. Empty lines before it are skipped.
fn next_head(stream: &[u8]) -> Option<(&[u8], &[u8])> {
    let start = stream.iter().position(|byte| !matches!(byte, b'\r' | b'\n'))?;
    let stream = &stream[start..];
    let ends = [&b"\n\n"[..], b"\n\r\n"];
    let end = |end: &&[u8]| Some(stream.windows(end.len()).position(|window| window == *end)? + end.len());
    let end = ends.iter().filter_map(end).min()?;
    Some(stream.split_at(end))
}

/// Reads until there are so many bytes, or none for the moment, or no more.
fn read(gate: &mut Gate<Socket>, size: usize, wanted: usize) -> Vec<u8> {
    let (mut bytes, mut waits) = (Vec::new(), 0);
    let mut piece = vec![0; size];
    while bytes.len() < wanted && waits < 600 {
        let mut buffer = ReadBuf::new(&mut piece);
        match Pin::new(&mut *gate).poll_read(&mut Context::from_waker(Waker::noop()), &mut buffer) {
            Poll::Ready(Ok(())) if buffer.filled().is_empty() => break,
            Poll::Ready(Ok(())) => bytes.extend_from_slice(buffer.filled()),
            Poll::Ready(Err(error)) => panic!("{error}"),
            Poll::Pending => waits += 1,
        }
    }
    bytes
}

fn write(gate: &mut Gate<Socket>, connection: &Connection) {
    let cx = &mut Context::from_waker(Waker::noop());
    let response = b"HTTP/1.1 204 No Content\r\n\r\n";
    assert!(matches!(Pin::new(&mut *gate).poll_write(cx, response), Poll::Ready(Ok(_))));
    connection.responded();
    assert!(matches!(Pin::new(&mut *gate).poll_flush(cx), Poll::Ready(Ok(()))));
}

/// A socket whose client sends in pieces, with a pause before each.
struct Socket {
    pieces: VecDeque<Vec<u8>>,
    pause: bool,
}

impl Socket {
    fn new(lengths: &[u8], mut stream: &[u8]) -> Self {
        let mut pieces = VecDeque::new();
        for length in lengths.iter().take(200) {
            let (piece, rest) = stream.split_at(stream.len().min(usize::from(*length) + 1));
            stream = rest;
            pieces.extend((!piece.is_empty()).then(|| piece.to_vec()));
        }
        pieces.extend((!stream.is_empty()).then(|| stream.to_vec()));
        Self { pieces, pause: false }
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let socket = self.get_mut();
        socket.pause = !socket.pause;
        if socket.pause {
            return Poll::Pending;
        }
        if let Some(piece) = socket.pieces.front_mut() {
            let rest = piece.split_off(piece.len().min(buffer.remaining()));
            buffer.put_slice(piece);
            *piece = rest;
            socket.pieces.pop_front_if(|piece| piece.is_empty());
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
