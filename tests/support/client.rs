//! A client that sends exactly the given bytes and reads exactly what comes back.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

use super::tls::{Offer, TlsStream, secure};
use super::{PATIENCE, Response};

/// What a connection is made of.
enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream>),
}

/// A connection to the server, and what it has sent that is not read yet.
pub(crate) struct Connection {
    stream: Stream,
    received: Vec<u8>,
    /// How many bytes of a body that is not read yet are still to come.
    owed: usize,
}

/// The text of a request with a Host and these fields, without content.
pub(crate) fn request(method: &str, target: &str, headers: &[(&str, &str)]) -> String {
    let fields: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("{method} {target} HTTP/1.1\r\nHost: site.test\r\n{fields}\r\n")
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Self {
        Self::of(TcpStream::connect_timeout(&address, PATIENCE).expect("connected"))
    }

    /// A connection with TLS.
    pub(crate) fn secure(address: SocketAddr, offer: Offer<'_>) -> Self {
        Self::introduced(address, b"", offer)
    }

    /// A connection with TLS, and with these bytes before it.
    pub(crate) fn introduced(address: SocketAddr, header: &[u8], offer: Offer<'_>) -> Self {
        let mut connection = Self::open(address);
        connection.send(header);
        if let Stream::Plain(stream) = &connection.stream {
            let stream = stream.try_clone().expect("the same socket");
            connection.stream = Stream::Tls(Box::new(secure(stream, offer).expect("TLS")));
        }
        connection
    }

    /// The TLS of a connection that has it.
    pub(crate) fn tls(&self) -> &TlsStream {
        match &self.stream {
            Stream::Tls(stream) => stream,
            Stream::Plain(_) => panic!("a connection without TLS"),
        }
    }

    fn socket(&self) -> &TcpStream {
        match &self.stream {
            Stream::Plain(stream) => stream,
            Stream::Tls(stream) => &stream.sock,
        }
    }

    /// A connection that can hold little that is not read yet, so that a slow reader is felt by the server.
    pub(crate) fn narrow(address: SocketAddr) -> Self {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).expect("a socket");
        socket.set_recv_buffer_size(16 * 1024).expect("a small receive buffer");
        socket.connect_timeout(&address.into(), PATIENCE).expect("connected");
        Self::of(socket.into())
    }

    fn of(stream: TcpStream) -> Self {
        stream.set_nodelay(true).expect("no delay");
        stream.set_read_timeout(Some(PATIENCE)).expect("a read timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a write timeout");
        Self { stream: Stream::Plain(stream), received: Vec::new(), owed: 0 }
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.write(bytes.as_ref()).expect("sent");
    }

    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match &mut self.stream {
            Stream::Plain(stream) => stream.write_all(bytes),
            Stream::Tls(stream) => stream.write_all(bytes),
        }
    }

    /// Sends what the server may refuse to read to its end.
    pub(crate) fn send_what_is_taken(&mut self, bytes: impl AsRef<[u8]>) {
        if let Err(error) = self.write(bytes.as_ref()) {
            let refused = matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset);
            assert!(refused, "neither taken nor refused: {error}");
        }
    }

    /// Ends the sending direction; the other stays open.
    pub(crate) fn half_close(&mut self) {
        self.socket().shutdown(Shutdown::Write).expect("half closed");
    }

    pub(crate) fn fetch(&mut self, method: &str, target: &str, headers: &[(&str, &str)]) -> Response {
        self.send(request(method, target, headers));
        self.response(method)
    }

    pub(crate) fn get(&mut self, target: &str) -> Response {
        self.fetch("GET", target, &[])
    }

    /// The next response, which must come whole.
    #[track_caller]
    pub(crate) fn response(&mut self, method: &str) -> Response {
        self.next_response(method).unwrap_or_else(|| panic!("closed before the response to {method}"))
    }

    /// The next response, or `None` when the server has closed the connection after the last one.
    #[track_caller]
    pub(crate) fn next_response(&mut self, method: &str) -> Option<Response> {
        let mut response = self.head(method)?;
        response.body = self.body(usize::MAX);
        let missing = self.owed;
        assert_eq!(missing, 0, "the connection ended {missing} bytes before the end of the body");
        Some(response)
    }

    /// The head of the next response; its body is to be read with `body`.
    #[track_caller]
    pub(crate) fn head(&mut self, method: &str) -> Option<Response> {
        assert_eq!(self.owed, 0, "the body before is not read yet");
        let end = loop {
            if let Some(at) = self.received.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            if !self.read_more() {
                let rest = String::from_utf8_lossy(&self.received);
                assert!(rest.is_empty(), "the connection ended inside a head: {rest:?}");
                return None;
            }
        };
        let head: Vec<u8> = self.received.drain(..end).collect();
        let response = Response::parse_head(&head);
        assert_eq!(response.header("transfer-encoding"), None, "every length is known beforehand");
        let bodiless = method == "HEAD" || matches!(response.status, 100..=199 | 204 | 304);
        self.owed = if bodiless { 0 } else { response.content_length() };
        Some(response)
    }

    /// Up to `limit` bytes of the body; fewer when the body, or the connection, ends before.
    pub(crate) fn body(&mut self, limit: usize) -> Vec<u8> {
        let wanted = self.owed.min(limit);
        while self.received.len() < wanted && self.read_more() {}
        let body: Vec<u8> = self.received.drain(..wanted.min(self.received.len())).collect();
        self.owed -= body.len();
        body
    }

    /// How many bytes of the body never came.
    pub(crate) fn owed(&self) -> usize {
        self.owed
    }

    /// All that is still to come until the server closes.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        while self.read_more() {}
        std::mem::take(&mut self.received)
    }

    /// Asserts that nothing more comes and that the server closes.
    #[track_caller]
    pub(crate) fn expect_end(&mut self) {
        let rest = self.rest();
        assert!(rest.is_empty(), "after the last response: {:?}", String::from_utf8_lossy(&rest));
    }

    /// Asserts that nothing is answered, whether or not the server closes at once.
    #[track_caller]
    pub(crate) fn expect_no_answer(&mut self) {
        if !self.stays_silent(Duration::from_millis(200)) {
            self.expect_end();
        }
    }

    /// Whether the server says nothing and keeps the connection for this long.
    pub(crate) fn stays_silent(&mut self, time: Duration) -> bool {
        self.socket().set_read_timeout(Some(time)).expect("a read timeout");
        let silent = match self.socket().peek(&mut [0]) {
            Ok(_) => false,
            Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted),
        };
        self.socket().set_read_timeout(Some(PATIENCE)).expect("a read timeout");
        silent && self.received.is_empty()
    }

    /// Reads what is there, or waits for it; `false` at the end of the connection.
    fn read_more(&mut self) -> bool {
        let mut chunk = [0; 64 * 1024];
        let read = match &mut self.stream {
            Stream::Plain(stream) => stream.read(&mut chunk),
            Stream::Tls(stream) => stream.read(&mut chunk),
        };
        match read {
            Ok(0) => false,
            Ok(length) => {
                self.received.extend_from_slice(&chunk[..length]);
                true
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => false,
            Err(error) if error.kind() == ErrorKind::Interrupted => true,
            Err(error) => panic!("no answer: {error}; so far {:?}", String::from_utf8_lossy(&self.received)),
        }
    }
}
