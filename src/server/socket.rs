//! A socket that was accepted, whatever its family.

use std::io;
use std::net::IpAddr;

use actix_rt::net::{TcpStream, UnixStream};
use tokio_util::either::Either;

/// A socket that was accepted and that a runtime has.
pub(crate) type Socket = Either<TcpStream, UnixStream>;

/// The same before a runtime has it.
pub(crate) enum Accepted {
    Tcp(std::net::TcpStream),
    Unix(std::os::unix::net::UnixStream),
}

impl Accepted {
    /// Makes it one that a runtime can have.
    pub(crate) fn set_nonblocking(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.set_nonblocking(true),
            Self::Unix(stream) => stream.set_nonblocking(true),
        }
    }

    /// The address at the other end; none on a Unix socket.
    pub(crate) fn peer(&self) -> Option<IpAddr> {
        match self {
            Self::Tcp(stream) => stream.peer_addr().ok().map(|peer| peer.ip().to_canonical()),
            Self::Unix(_) => None,
        }
    }

    /// Gives it to the runtime of this thread.
    ///
    /// # Errors
    /// A runtime at its end.
    pub(crate) fn register(self) -> io::Result<Socket> {
        Ok(match self {
            Self::Tcp(stream) => {
                // A response is written in one piece: waiting for more to send with it only adds delay.
                let _ = stream.set_nodelay(true);
                Either::Left(TcpStream::from_std(stream)?)
            }
            Self::Unix(stream) => Either::Right(UnixStream::from_std(stream)?),
        })
    }
}
