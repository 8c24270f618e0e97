//! The body of a response: bytes that already exist, handed to the connection in pieces.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use actix_web::body::{BodySize, MessageBody};
use bytes::Bytes;
use tokio::task::JoinHandle;

use crate::site::{Body, FileBody};

/// Bytes handed over at once; the connection copies them, so this bounds its memory.
const PIECE: usize = 64 << 10;

/// Bytes read from a file at once.
const FILE_PIECE: u64 = 256 << 10;

/// The body of a response.
pub(crate) struct ResponseBody {
    /// What Content-Length says, also when nothing is sent (HEAD).
    length: u64,
    /// The first segment: mostly there is no other, and nothing is allocated for one.
    first: Option<Segment>,
    rest: VecDeque<Segment>,
    file: Option<OpenFile>,
    reading: Option<JoinHandle<io::Result<Bytes>>>,
}

/// A piece of a response.
enum Segment {
    Bytes(Bytes),
    /// A range of the open file.
    File(Range<u64>),
}

/// A file whose bytes are sent as long as it does not change.
struct OpenFile {
    handle: Arc<File>,
    body: Arc<dyn FileBody>,
}

/// The content of a representation, ready to be cut.
pub(crate) struct Content {
    source: Source,
}

enum Source {
    Bytes(Bytes),
    File(OpenFile),
}

impl Content {
    /// Opens a representation's body.
    ///
    /// # Errors
    /// A file that can't be opened or is no longer the one that was baked.
    pub(crate) fn open(body: Body) -> io::Result<Self> {
        let source = match body {
            Body::Bytes(bytes) => Source::Bytes(bytes),
            Body::File(body) => Source::File(OpenFile { handle: Arc::new(body.open()?), body }),
        };
        Ok(Self { source })
    }
}

impl ResponseBody {
    /// No content at all: 204 and 304.
    pub(crate) fn none() -> Self {
        Self { length: 0, first: None, rest: VecDeque::new(), file: None, reading: None }
    }

    /// Bytes from memory.
    pub(crate) fn of(bytes: Bytes) -> Self {
        let mut body = Self::none();
        body.push(Segment::Bytes(bytes));
        body
    }

    /// All of a representation's bytes.
    pub(crate) fn whole(content: Content, length: u64) -> Self {
        Self::parts(content, [(Bytes::new(), 0..length)], Bytes::new())
    }

    /// Ranges of a representation, each behind some bytes of its own, and an end (multipart/byteranges).
    pub(crate) fn parts(content: Content, parts: impl IntoIterator<Item = (Bytes, Range<u64>)>, end: Bytes) -> Self {
        let mut body = Self::none();
        for (head, range) in parts {
            body.push(Segment::Bytes(head));
            body.push(match &content.source {
                Source::Bytes(bytes) => Segment::Bytes(bytes.slice(range.start as usize..range.end as usize)),
                Source::File(_) => Segment::File(range),
            });
        }
        body.push(Segment::Bytes(end));
        if let Source::File(file) = content.source {
            body.file = Some(file);
        }
        body
    }

    fn push(&mut self, segment: Segment) {
        let length = match &segment {
            Segment::Bytes(bytes) => bytes.len() as u64,
            Segment::File(range) => range.end - range.start,
        };
        self.length += length;
        match length {
            0 => {}
            _ if self.first.is_none() => self.first = Some(segment),
            _ => self.rest.push_back(segment),
        }
    }

    /// Ends the first segment.
    fn advance(&mut self) -> Option<Segment> {
        std::mem::replace(&mut self.first, self.rest.pop_front())
    }

    /// Keeps the length and drops the content: the answer to a HEAD request.
    pub(crate) fn without_content(mut self) -> Self {
        self.first = None;
        self.rest.clear();
        self.file = None;
        self
    }

    /// Takes the next bytes from memory.
    fn next_bytes(&mut self) -> Option<Bytes> {
        let Some(Segment::Bytes(bytes)) = &mut self.first else { return None };
        if bytes.len() > PIECE {
            return Some(bytes.split_to(PIECE));
        }
        match self.advance() {
            Some(Segment::Bytes(bytes)) => Some(bytes),
            _ => None,
        }
    }

    /// Starts reading the next bytes of the file, off the reactor: a disk may take its time.
    fn start_reading(&mut self) {
        let (Some(Segment::File(range)), Some(file)) = (&mut self.first, &self.file) else { return };
        let piece = range.start..range.end.min(range.start + FILE_PIECE);
        range.start = piece.end;
        let (handle, body) = (Arc::clone(&file.handle), Arc::clone(&file.body));
        if range.is_empty() {
            self.advance();
        }
        self.reading = Some(tokio::task::spawn_blocking(move || read_unchanged(&handle, &*body, piece)));
    }
}

/// Reads a range of a file that must not have changed by the end of it: bytes of two versions are never mixed.
fn read_unchanged(handle: &File, body: &dyn FileBody, range: Range<u64>) -> io::Result<Bytes> {
    let mut bytes = vec![0; (range.end - range.start) as usize];
    handle.read_exact_at(&mut bytes, range.start)?;
    if body.is_unchanged(handle) {
        Ok(bytes.into())
    } else {
        Err(io::Error::other("the file changed while it was sent; the connection is closed"))
    }
}

impl MessageBody for ResponseBody {
    type Error = io::Error;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.length)
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        let body = self.get_mut();
        if body.reading.is_none() {
            if let Some(bytes) = body.next_bytes() {
                return Poll::Ready(Some(Ok(bytes)));
            }
            body.start_reading();
        }
        let Some(reading) = &mut body.reading else { return Poll::Ready(None) };
        let read = ready!(Pin::new(reading).poll(cx)).unwrap_or_else(|error| Err(io::Error::other(error)));
        body.reading = None;
        Poll::Ready(Some(read))
    }
}
