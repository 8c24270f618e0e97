//! The least a server can do: one thread, one epoll loop, and the same prepared bytes for every request head.
//!
//! It reads, looks for the end of the head, and writes. It parses nothing, keeps no timers and
//! limits nothing, so what another server costs above it is the price of being a server.

use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd};

/// The token of the listener; a connection's token is its file descriptor, which is never that large.
const LISTENER: u64 = u64::MAX;

/// Answers each request head that arrives on `listener` with `response`, until the process ends.
///
/// Only heads count: a request with a body would be answered once more for each empty line in it.
pub(crate) fn answer_all(listener: TcpListener, response: &[u8]) -> io::Result<()> {
    let mut server = Loop::new(listener, response)?;
    let mut events = Vec::with_capacity(256);
    loop {
        events.clear();
        match epoll::wait(&server.epoll, spare_capacity(&mut events), None) {
            Err(rustix::io::Errno::INTR) => continue,
            outcome => outcome?,
        };
        for event in &events {
            match event.data.u64() {
                LISTENER => server.accept()?,
                token => server.serve(token as usize)?,
            }
        }
    }
}

/// The listener, the connections by file descriptor, and one buffer that every read shares.
struct Loop<'a> {
    epoll: OwnedFd,
    listener: TcpListener,
    connections: Vec<Option<Connection>>,
    buffer: Box<[u8]>,
    response: &'a [u8],
}

impl<'a> Loop<'a> {
    fn new(listener: TcpListener, response: &'a [u8]) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &listener, epoll::EventData::new_u64(LISTENER), epoll::EventFlags::IN)?;
        let buffer = vec![0; 16 * 1024].into();
        Ok(Self { epoll, listener, connections: Vec::new(), buffer, response })
    }

    fn accept(&mut self) -> io::Result<()> {
        let stream = match self.listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        };
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        let slot = stream.as_raw_fd() as usize;
        epoll::add(&self.epoll, &stream, epoll::EventData::new_u64(slot as u64), epoll::EventFlags::IN)?;
        if slot >= self.connections.len() {
            self.connections.resize_with(slot + 1, || None);
        }
        self.connections[slot] = Some(Connection { stream, unfinished: Vec::new(), owed: 0 });
        Ok(())
    }

    /// Reads once and writes what is owed; level-triggered epoll reports again whatever is left.
    fn serve(&mut self, slot: usize) -> io::Result<()> {
        let Some(connection) = &mut self.connections[slot] else {
            return Ok(());
        };
        let was_blocked = connection.owed > 0;
        let alive =
            connection.read(&mut self.buffer, self.response.len()).and_then(|()| connection.write(self.response));
        let is_blocked = connection.owed > 0;
        if alive.is_err() {
            self.connections[slot] = None; // closes it, which takes it out of the epoll set too
        } else if was_blocked != is_blocked {
            let interest = if is_blocked { epoll::EventFlags::OUT } else { epoll::EventFlags::IN };
            epoll::modify(&self.epoll, &connection.stream, epoll::EventData::new_u64(slot as u64), interest)?;
        }
        Ok(())
    }
}

/// One client: the head that has not ended yet, and how many bytes of responses it has still to get.
struct Connection {
    stream: TcpStream,
    unfinished: Vec<u8>,
    owed: usize,
}

impl Connection {
    /// Adds one response to what is owed for each head that ends; an `Err` means that the client has gone.
    fn read(&mut self, buffer: &mut [u8], response_length: usize) -> io::Result<()> {
        if self.owed > 0 {
            return Ok(()); // the client is slow to read: let it finish first
        }
        let length = match self.stream.read(buffer) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        };
        if self.unfinished.is_empty() {
            let (heads, rest) = split_heads(&buffer[..length]);
            self.owed += heads * response_length;
            self.unfinished.extend_from_slice(rest);
        } else {
            self.unfinished.extend_from_slice(&buffer[..length]);
            let (heads, rest) = split_heads(&self.unfinished);
            self.owed += heads * response_length;
            self.unfinished = rest.to_vec();
        }
        Ok(())
    }

    fn write(&mut self, response: &[u8]) -> io::Result<()> {
        while self.owed > 0 {
            let rest = (self.owed - 1) % response.len() + 1; // of the response that is under way
            match self.stream.write(&response[response.len() - rest..]) {
                Ok(written) => self.owed -= written,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Returns how many request heads end in `bytes`, and what follows the last one.
fn split_heads(mut bytes: &[u8]) -> (usize, &[u8]) {
    let mut heads = 0;
    while let Some(end) = head_end(bytes) {
        heads += 1;
        bytes = &bytes[end..];
    }
    (heads, bytes)
}

/// Returns the length of the head at the start of `bytes`, its empty line included.
fn head_end(bytes: &[u8]) -> Option<usize> {
    let mut last = 3;
    while last < bytes.len() {
        match bytes[last] {
            b'\n' if bytes[last - 3..last] == *b"\r\n\r" => return Some(last + 1),
            b'\r' | b'\n' => last += 1,
            _ => last += 4, // no empty line contains this byte
        }
    }
    None
}
