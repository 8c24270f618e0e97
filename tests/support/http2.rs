//! A client for HTTP/2, in two forms: one that speaks it properly, and one that sends just the frames it is told to.

use std::future::Future;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use bytes::Bytes;
use h2::RecvStream;
use h2::client::{self, ResponseFuture, SendRequest};
use http::Request;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream as AsyncTcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

use super::tls::client_settings;
use super::{PATIENCE, Response};

/// A connection that speaks HTTP/2 properly.
pub(crate) struct Http2 {
    runtime: Runtime,
    client: SendRequest<Bytes>,
    connection: JoinHandle<Result<(), h2::Error>>,
}

impl Http2 {
    /// Prior knowledge, without TLS.
    pub(crate) fn open(address: SocketAddr) -> Self {
        Self::with(address, None, &client::Builder::new())
    }

    /// Over TLS.
    pub(crate) fn secure(address: SocketAddr) -> Self {
        Self::with(address, Some("site.test"), &client::Builder::new())
    }

    pub(crate) fn with(address: SocketAddr, host: Option<&str>, builder: &client::Builder) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (client, connection) = runtime.block_on(in_time(async {
            let stream = AsyncTcpStream::connect(address).await.expect("connected");
            match host {
                None => {
                    let (client, connection) = builder.handshake(stream).await.expect("HTTP/2");
                    (client, tokio::spawn(connection))
                }
                Some(host) => {
                    let name = ServerName::try_from(host.to_owned()).expect("a host");
                    let stream = TlsConnector::from(Arc::new(client_settings(&["h2"]))).connect(name, stream).await;
                    let (client, connection) = builder.handshake(stream.expect("TLS")).await.expect("HTTP/2");
                    (client, tokio::spawn(connection))
                }
            }
        }));
        Self { runtime, client, connection }
    }

    pub(crate) fn get(&mut self, target: &str) -> Response {
        self.fetch("GET", target, &[])
    }

    pub(crate) fn fetch(&mut self, method: &str, target: &str, headers: &[(&str, &str)]) -> Response {
        let (response, _) = self.send(method, target, headers, true);
        self.response(response)
    }

    /// Sends the head of a request.
    pub(crate) fn send(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        ended: bool,
    ) -> (ResponseFuture, h2::SendStream<Bytes>) {
        let mut request = Request::builder().method(method).uri(format!("http://site.test{target}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(()).expect("a request");
        let Self { runtime, client, .. } = self;
        runtime.block_on(in_time(async {
            std::future::poll_fn(|cx| client.poll_ready(cx)).await.expect("a stream is free");
            client.send_request(request, ended).expect("sent")
        }))
    }

    /// The whole response.
    pub(crate) fn response(&mut self, response: ResponseFuture) -> Response {
        let (mut head, mut body) = self.head(response);
        while let Some(piece) = self.piece(&mut body) {
            head.body.extend_from_slice(&piece.expect("the whole body"));
        }
        head
    }

    /// The head of a response, and its body to be read.
    pub(crate) fn head(&mut self, response: ResponseFuture) -> (Response, RecvStream) {
        let response = self.runtime.block_on(in_time(response)).expect("a response");
        let (head, body) = response.into_parts();
        let field = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            (name.as_str().to_owned(), value.to_str().expect("ASCII").to_owned())
        };
        let headers = head.headers.iter().map(field).collect();
        (Response { status: head.status.as_u16(), headers, body: Vec::new() }, body)
    }

    /// The next bytes of a body; gives the server leave to send as many again.
    pub(crate) fn piece(&mut self, body: &mut RecvStream) -> Option<Result<Bytes, h2::Error>> {
        let piece = self.runtime.block_on(in_time(body.data()));
        if let Some(Ok(piece)) = &piece {
            let _ = body.flow_control().release_capacity(piece.len());
        }
        piece
    }

    /// Whether the server ends the connection in an orderly way.
    pub(crate) fn ends(self) -> bool {
        let Self { runtime, client, connection } = self;
        drop(client);
        runtime.block_on(in_time(connection)).expect("the connection's task").is_ok()
    }

    /// Lets time go by in which the connection is tended.
    pub(crate) fn wait(&self, time: std::time::Duration) {
        self.runtime.block_on(async { tokio::time::sleep(time).await });
    }
}

async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("in time")
}

/// How a connection begins: the preface and empty SETTINGS.
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// `GET / HTTP/2` for site.test, by indices of the static table (RFC 7541 appendix A).
pub(crate) const GET_ROOT: &[u8] = b"\x82\x84\x86\x41\x09site.test";

pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const CONTINUATION: u8 = 9;
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

/// A frame (RFC 9113 section 4.1).
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a small frame").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A connection on which frames are sent as they are.
pub(crate) struct Frames {
    stream: TcpStream,
}

impl Frames {
    pub(crate) fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect_timeout(&address, PATIENCE).expect("connected");
        stream.set_read_timeout(Some(PATIENCE)).expect("a read timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a write timeout");
        Self { stream }
    }

    /// Whether the server took the bytes.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// Has sending fail when the server takes nothing for this long.
    pub(crate) fn give_up_writing_after(&mut self, time: std::time::Duration) {
        self.stream.set_write_timeout(Some(time)).expect("a write timeout");
    }

    /// The next frame's kind, flags, stream and payload; none at the end of the connection.
    pub(crate) fn next(&mut self) -> Option<(u8, u8, u32, Vec<u8>)> {
        let mut head = [0; 9];
        self.stream.read_exact(&mut head).ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        self.stream.read_exact(&mut payload).ok()?;
        Some((head[3], head[4], u32::from_be_bytes([head[5], head[6], head[7], head[8]]), payload))
    }

    /// The next frame of a kind.
    pub(crate) fn next_of(&mut self, kind: u8) -> Option<(u8, u8, u32, Vec<u8>)> {
        std::iter::from_fn(|| self.next()).find(|frame| frame.0 == kind)
    }
}
