//! Addresses to listen on: reading them, binding them, and saying what to do when that fails.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::str::FromStr;

use socket2::{Domain, Protocol, Socket, Type};

/// Connections that may wait to be accepted; the kernel caps it at net.core.somaxconn.
const BACKLOG: i32 = 4096;

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
            Self::Unix(listener) => {
                let address = listener.local_addr()?;
                let path = address.as_pathname().unwrap_or(std::path::Path::new(""));
                format!("unix:{}", path.display())
            }
        })
    }
}

/// An address of `--listen-on`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListenAddress {
    text: String,
    host: Host,
    port: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Host {
    Ip(IpAddr),
    /// 127.0.0.1 and, where there is IPv6, ::1. Not looked up: a resolver can fail, or lie.
    Localhost,
    /// Every address of the machine, IPv4 and IPv6.
    Any,
}

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = "write IP:PORT, [IPv6]:PORT, :PORT or localhost:PORT, for example 127.0.0.1:8080";
        let (host, port) = text.rsplit_once(':').ok_or_else(|| format!("the port is missing; {form}"))?;
        let port = port.parse().map_err(|_| format!("\"{port}\" is not a port from 0 to 65535; {form}"))?;
        let host = match host {
            "" | "*" => Host::Any,
            "localhost" => Host::Localhost,
            host => {
                let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
                let ip = match bare {
                    Some(bare) => bare.parse::<Ipv6Addr>().map(IpAddr::V6),
                    None => host.parse::<Ipv4Addr>().map(IpAddr::V4),
                };
                Host::Ip(ip.map_err(|_| format!("\"{host}\" is not an IP address; {form}"))?)
            }
        };
        Ok(Self { text: text.to_owned(), host, port })
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl ListenAddress {
    /// Binds the address and starts listening.
    ///
    /// # Errors
    /// One line that says what is in the way and what to do about it.
    pub(crate) fn bind(&self) -> Result<Vec<Listener>, String> {
        let bind = |ip: IpAddr, port| bind(SocketAddr::new(ip, port));
        let explain = |error: io::Error| explain(&error, self.port);
        let localhost = IpAddr::V6(Ipv6Addr::LOCALHOST);
        match self.host {
            Host::Ip(ip) => Ok(vec![bind(ip, self.port).map_err(explain)?]),
            Host::Any => {
                let any = bind(Ipv6Addr::UNSPECIFIED.into(), self.port);
                let any = any.or_else(|error| match error.kind() {
                    // A kernel without IPv6.
                    io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied => Err(error),
                    _ => bind(Ipv4Addr::UNSPECIFIED.into(), self.port),
                });
                Ok(vec![any.map_err(explain)?])
            }
            Host::Localhost => {
                let first = bind(Ipv4Addr::LOCALHOST.into(), self.port).map_err(explain)?;
                let Listener::Tcp(socket) = &first else { return Ok(vec![first]) };
                let port = socket.local_addr().map_err(explain)?.port();
                match bind(localhost, port) {
                    Ok(second) => Ok(vec![first, second]),
                    Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(explain(error)),
                    Err(_) => Ok(vec![first]),
                }
            }
        }
    }
}

fn bind(address: SocketAddr) -> io::Result<Listener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED) {
        socket.set_only_v6(false)?;
    }
    // Connections of the last run in TIME_WAIT must not keep the next one from starting.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(Listener::Tcp(socket.into()))
}

fn explain(error: &io::Error, port: u16) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "the address is in use by another process; stop that one or choose another port".to_owned()
        }
        io::ErrorKind::PermissionDenied if port < 1024 => format!(
            "ports below 1024 need a permission that this process does not have; in a container run it with \
             `--sysctl net.ipv4.ip_unprivileged_port_start=0` or `--cap-add NET_BIND_SERVICE`, \
             or use a high port: `--listen-on 0.0.0.0:{}`",
            if port == 443 { 8443 } else { 8080 }
        ),
        io::ErrorKind::AddrNotAvailable => {
            "this machine does not have the address; use 0.0.0.0 for all of its addresses".to_owned()
        }
        _ => format!("can't listen there ({error}); try another address"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        for (text, host, port) in [
            ("127.0.0.1:80", Host::Ip(Ipv4Addr::LOCALHOST.into()), 80),
            ("[::1]:8080", Host::Ip(Ipv6Addr::LOCALHOST.into()), 8080),
            (":8080", Host::Any, 8080),
            ("*:8080", Host::Any, 8080),
            ("localhost:0", Host::Localhost, 0),
        ] {
            let address: ListenAddress = text.parse().unwrap();
            assert_eq!((address.host, address.port), (host, port), "{text}");
            assert_eq!(address.to_string(), text);
        }
        for text in
            ["", "8080", "127.0.0.1", "127.0.0.1:99999", "::1:80", "example.com:80", "127.0.0.1:", "[::1]", "1.2.3:80"]
        {
            let error = text.parse::<ListenAddress>().unwrap_err();
            assert!(error.contains("IP:PORT"), "{text}: {error}");
        }
    }
}
