//! Addresses to listen on: reading them, binding them, and saying what to do when that fails.

mod inherited;
mod tcp;
mod unix;

use std::fmt;
use std::io;
use std::net::TcpListener;
use std::os::fd::RawFd;
use std::os::unix::net::UnixListener;
use std::str::FromStr;

use socket2::SockAddr;

pub(crate) use inherited::Inherited;
use tcp::TcpAddress;
use unix::UnixAddress;

use super::socket::Accepted;

/// Connections that may wait to be accepted; the kernel caps it at net.core.somaxconn.
pub(super) const BACKLOG: i32 = 4096;

/// Bytes that the kernel takes for a client before it has sent those before.
#[cfg(any(target_os = "android", target_os = "linux"))]
const MAX_UNSENT: u32 = 128 << 10;

/// What an address can be, for messages.
const FORMS: &str = "write IP:PORT, [IPv6]:PORT, :PORT, localhost:PORT, unix:/path, fd:N or systemd, \
                     for example 127.0.0.1:8080";

/// A socket that takes connections.
pub(crate) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    /// The address as clients write it.
    ///
    /// # Errors
    /// A socket that has none.
    pub(crate) fn url(&self, scheme: &str) -> io::Result<String> {
        Ok(match self {
            Self::Tcp(listener) => format!("{scheme}://{}", listener.local_addr()?),
            Self::Unix(listener) => format!("unix:{}", unix::name(&listener.local_addr()?)),
        })
    }

    /// Has the kernel hold little that is not sent yet, for every connection that will be accepted. Otherwise it takes
    /// megabytes at once, and then nothing for as long as a slow client needs to read a third of them: that would look
    /// like a client that reads nothing.
    fn limit_unsent(&self) {
        #[cfg(any(target_os = "android", target_os = "linux"))]
        if let Self::Tcp(listener) = self {
            // Without it, slow clients have less time.
            let _ = socket2::SockRef::from(listener).set_tcp_notsent_lowat(MAX_UNSENT);
        }
    }

    /// Takes a connection out of the queue.
    ///
    /// # Errors
    /// An empty queue, or no room for one more connection.
    pub(super) fn accept(&self) -> io::Result<Accepted> {
        let accepted = match self {
            Self::Tcp(listener) => Accepted::Tcp(listener.accept()?.0),
            Self::Unix(listener) => Accepted::Unix(listener.accept()?.0),
        };
        accepted.set_nonblocking()?;
        Ok(accepted)
    }
}

/// An address of `--listen-on`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListenAddress {
    text: String,
    place: Place,
}

/// Where the socket comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Tcp(TcpAddress),
    Unix(UnixAddress),
    /// This process was started with it.
    Descriptor(RawFd),
    /// A service manager passed it: the one of this name, or all that no other address asks for.
    Passed(Option<String>),
}

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let place = if let Some(address) = text.strip_prefix("unix:") {
            Place::Unix(address.parse()?)
        } else if let Some(number) = text.strip_prefix("fd:") {
            Place::Descriptor(inherited::descriptor(number)?)
        } else if text == "systemd" {
            Place::Passed(None)
        } else if let Some(name) = text.strip_prefix("systemd:") {
            Place::Passed(Some(name.to_owned()))
        } else {
            Place::Tcp(text.parse()?)
        };
        Ok(Self { text: text.to_owned(), place })
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl ListenAddress {
    /// The descriptor that the address names.
    pub(crate) fn descriptor(&self) -> Option<RawFd> {
        if let Place::Descriptor(number) = self.place { Some(number) } else { None }
    }

    /// Where a client on this machine finds it; none for what only the server knows.
    pub(crate) fn local(&self) -> Option<SockAddr> {
        match &self.place {
            Place::Tcp(address) => address.local().map(SockAddr::from),
            Place::Unix(address) => address.local(),
            Place::Descriptor(_) | Place::Passed(_) => None,
        }
    }

    /// Binds the address and starts listening, or takes the socket that is meant out of `inherited`.
    ///
    /// # Errors
    /// One line that says what is in the way and what to do about it.
    pub(crate) fn bind(&self, inherited: &mut Inherited) -> Result<Vec<Listener>, String> {
        let listeners = match &self.place {
            Place::Tcp(address) => address.bind()?,
            Place::Unix(address) => vec![Listener::Unix(address.bind()?)],
            Place::Descriptor(number) => vec![inherited.take(*number)?],
            Place::Passed(Some(name)) => inherited.take_named(name)?,
            Place::Passed(None) => inherited.take_rest()?,
        };
        listeners.iter().for_each(Listener::limit_unsent);
        Ok(listeners)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        for (text, place) in [
            ("fd:3", Place::Descriptor(3)),
            ("systemd", Place::Passed(None)),
            ("systemd:https", Place::Passed(Some("https".to_owned()))),
        ] {
            let address: ListenAddress = text.parse().unwrap();
            assert_eq!(address.place, place);
            assert_eq!(address.to_string(), text);
        }
        for (text, words) in [
            ("fd:", "fd:N"),
            ("fd:x", "fd:N"),
            ("fd:-1", "fd:N"),
            ("fd:2", "standard input"),
            ("unix:", "unix:/path"),
            ("systemd,https", "IP:PORT"),
        ] {
            let error = text.parse::<ListenAddress>().unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
