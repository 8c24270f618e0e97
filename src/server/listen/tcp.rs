//! TCP addresses to listen on.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::str::FromStr;

use socket2::{Domain, Protocol, Socket, Type};

use super::{BACKLOG, FORMS, Listener};

/// A TCP address as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TcpAddress {
    host: Host,
    port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Ip(IpAddr),
    /// An IPv6 address that is one on a network interface only, and the interface (RFC 4007 §11).
    Zoned(Ipv6Addr, String),
    /// 127.0.0.1 and, where there is IPv6, ::1. Not looked up: a resolver can fail, or lie.
    Localhost,
    /// Every address of the machine, IPv4 and IPv6.
    Any,
}

impl FromStr for TcpAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (host, port) = text.rsplit_once(':').ok_or_else(|| format!("the port is missing; {FORMS}"))?;
        let port = port.parse().map_err(|_| format!("\"{port}\" is not a port from 0 to 65535; {FORMS}"))?;
        let host = match host {
            "" | "*" => Host::Any,
            "localhost" => Host::Localhost,
            host => ip(host).ok_or_else(|| format!("\"{host}\" is not an IP address; {FORMS}"))?,
        };
        Ok(Self { host, port })
    }
}

fn ip(text: &str) -> Option<Host> {
    let Some(bare) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) else {
        return text.parse::<Ipv4Addr>().ok().map(|ip| Host::Ip(ip.into()));
    };
    match bare.split_once('%') {
        Some((ip, zone)) => Some(Host::Zoned(ip.parse().ok()?, zone.to_owned())),
        None => bare.parse::<Ipv6Addr>().ok().map(|ip| Host::Ip(ip.into())),
    }
}

impl TcpAddress {
    /// Where a client on this machine finds it; none if the port is yet to be chosen.
    pub(super) fn local(&self) -> Option<SocketAddr> {
        let port = Some(self.port).filter(|port| *port > 0)?;
        Some(match &self.host {
            Host::Ip(IpAddr::V6(ip)) if ip.is_unspecified() => (Ipv6Addr::LOCALHOST, port).into(),
            Host::Ip(ip) if !ip.is_unspecified() => (*ip, port).into(),
            Host::Zoned(ip, zone) => SocketAddrV6::new(*ip, port, 0, interface(zone).ok()?).into(),
            Host::Ip(_) | Host::Localhost | Host::Any => (Ipv4Addr::LOCALHOST, port).into(),
        })
    }

    /// Binds the address and starts listening.
    ///
    /// # Errors
    /// One line that says what is in the way and what to do about it.
    pub(super) fn bind(&self) -> Result<Vec<Listener>, String> {
        let bind = |ip: IpAddr, port| bind(SocketAddr::new(ip, port), Family::AsAddressed);
        let explain = |error: io::Error| explain(&error, self.port);
        match &self.host {
            Host::Ip(ip) => Ok(vec![bind(*ip, self.port).map_err(explain)?]),
            Host::Zoned(ip, zone) => {
                let zone = interface(zone)?;
                let address = SocketAddrV6::new(*ip, self.port, 0, zone);
                Ok(vec![self::bind(address.into(), Family::AsAddressed).map_err(explain)?])
            }
            Host::Any => {
                let any = self::bind(SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), self.port), Family::Both);
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
                match bind(Ipv6Addr::LOCALHOST.into(), port) {
                    Ok(second) => Ok(vec![first, second]),
                    Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(explain(error)),
                    Err(_) => Ok(vec![first]),
                }
            }
        }
    }
}

/// Which clients an IPv6 socket takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    /// Those of the address's own family, so that 0.0.0.0:80 and \[::\]:80 can stand side by side, whatever
    /// net.ipv6.bindv6only says.
    AsAddressed,
    /// IPv6 and IPv4.
    Both,
}

fn bind(address: SocketAddr, family: Family) -> io::Result<Listener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(family == Family::AsAddressed)?;
    }
    // Connections of the last run in TIME_WAIT must not keep the next one from starting.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(Listener::Tcp(socket.into()))
}

/// The number of a network interface.
fn interface(zone: &str) -> Result<u32, String> {
    zone.parse().or_else(|_| interface_of(zone)).map_err(|error: io::Error| {
        format!("no network interface \"{zone}\" ({error}); name one that this machine has, after the %")
    })
}

#[cfg(target_os = "linux")]
fn interface_of(name: &str) -> io::Result<u32> {
    let socket = Socket::new(Domain::IPV6, Type::DGRAM, None)?;
    Ok(rustix::net::netdevice::name_to_index(socket, name)?)
}

#[cfg(not(target_os = "linux"))]
fn interface_of(_: &str) -> io::Result<u32> {
    Err(io::ErrorKind::Unsupported.into())
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
            ("[fe80::1%eth0]:80", Host::Zoned("fe80::1".parse().unwrap(), "eth0".to_owned()), 80),
            (":8080", Host::Any, 8080),
            ("*:8080", Host::Any, 8080),
            ("localhost:0", Host::Localhost, 0),
        ] {
            assert_eq!(text.parse(), Ok(TcpAddress { host, port }), "{text}");
        }
        for text in
            ["", "8080", "127.0.0.1", "127.0.0.1:99999", "::1:80", "example.com:80", "127.0.0.1:", "[::1]", "1.2.3:80"]
        {
            let error = text.parse::<TcpAddress>().unwrap_err();
            assert!(error.contains("IP:PORT"), "{text}: {error}");
        }
    }

    #[test]
    fn unspecified_addresses_take_their_own_family_and_a_bare_port_takes_both() {
        let only_v6 = |text: &str| {
            let bound = text.parse::<TcpAddress>().unwrap().bind().unwrap();
            let Listener::Tcp(socket) = &bound[0] else { panic!("not TCP") };
            let is_v6 = socket.local_addr().unwrap().is_ipv6();
            is_v6.then(|| socket2::SockRef::from(socket).only_v6().unwrap())
        };
        assert_eq!(only_v6("0.0.0.0:0"), None);
        if Socket::new(Domain::IPV6, Type::STREAM, None).is_ok() {
            assert_eq!(only_v6("[::]:0"), Some(true));
            assert_eq!(only_v6(":0"), Some(false));
        }
    }

    #[test]
    fn zones_are_interfaces_by_name_or_number() {
        assert_eq!(interface("7").unwrap(), 7);
        assert!(interface("no-such-zone").unwrap_err().contains("no-such-zone"));
        assert!(interface("").is_err());
        #[cfg(target_os = "linux")]
        assert_eq!(interface("lo").unwrap(), 1);
    }
}
