//! Trusted proxies: which peers may speak for others, and whom their connections and requests are from.

use std::net::IpAddr;
use std::str::FromStr;

use actix_web::http::header::HeaderMap;
use ipnet::IpNet;

use super::proxy_header::Source;
use crate::http::Origin;

/// The peers that are believed. None are by default.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proxies {
    networks: Vec<IpNet>,
    /// Whoever can open one of the server's Unix sockets.
    unix: bool,
    speech: Speech,
}

/// How trusted proxies begin their connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Speech {
    /// As clients do.
    #[default]
    Plain,
    /// With a header of the PROXY protocol.
    Introduced,
}

/// Where a connection comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Peer {
    /// The address at the other end of the socket; none on a Unix socket.
    pub(crate) socket: Option<IpAddr>,
    /// Whom the connection is from: the same, or whom a trusted proxy named when it began.
    pub(crate) client: Option<IpAddr>,
    /// The connection is a trusted proxy's own, so that its requests may say whom they are from.
    believed: bool,
    /// The client speaks TLS with the proxy that began the connection.
    secure: bool,
}

impl Proxies {
    /// Reads networks, addresses and the word `unix`.
    ///
    /// # Errors
    /// A text that is none of these, and what is wrong with it.
    pub(crate) fn parse(texts: &[String], speech: Speech) -> Result<Self, String> {
        let mut proxies = Self { speech, ..Self::default() };
        for text in texts.iter().map(|text| text.trim()) {
            match text {
                "unix" => proxies.unix = true,
                text => proxies.networks.push(network(text).map_err(|problem| format!("{text}: {problem}"))?),
            }
        }
        Ok(proxies)
    }

    /// The peer of a connection, as far as its socket tells.
    pub(crate) fn peer(&self, socket: Option<IpAddr>) -> Peer {
        let believed = match socket {
            Some(address) => self.trusts(address),
            None => self.unix,
        };
        Peer { socket, client: socket, believed, secure: false }
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(&address))
    }

    /// The connection begins with a header of the PROXY protocol.
    pub(crate) fn introduces(&self, peer: &Peer) -> bool {
        self.speech == Speech::Introduced && peer.believed
    }

    /// The peer of a connection that a trusted proxy began with a header.
    pub(crate) fn introduced(&self, peer: Peer, source: Source) -> Peer {
        match source {
            Source::Own => peer,
            Source::Unknown => Peer { believed: false, ..peer },
            Source::Client { address, secure } => {
                Peer { socket: peer.socket, client: Some(address), believed: self.trusts(address), secure }
            }
        }
    }

    /// Whom a request is from, and whether it came over TLS to the proxy that it came by.
    pub(crate) fn origin(&self, peer: &Peer, headers: &HeaderMap) -> Origin {
        let own = Origin { client: peer.client, secure: peer.secure.then_some(true) };
        if !peer.believed {
            return own;
        }
        let told = Origin::of(headers, |address| self.trusts(address));
        Origin { client: told.client.or(own.client), secure: told.secure.or(own.secure) }
    }
}

impl Peer {
    /// The address whose connections are counted; none for proxies, which have those of many clients.
    pub(crate) fn counted(&self) -> Option<IpAddr> {
        self.client.filter(|_| !self.believed)
    }
}

fn network(text: &str) -> Result<IpNet, String> {
    let form = "write a network like 10.0.0.0/8 or fd00::/8, an address, or unix";
    let network = IpNet::from_str(text).or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    let network = network.map_err(|_| format!("this is not a network; {form}"))?;
    match network {
        IpNet::V6(mapped) if mapped.addr().to_ipv4_mapped().is_some() => {
            Err("IPv4 addresses are compared as such; write the network without ::ffff:".to_owned())
        }
        network => Ok(network),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn proxies(texts: &[&str], speech: Speech) -> Proxies {
        Proxies::parse(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>(), speech).unwrap()
    }

    fn ip(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    fn headers() -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in [("x-forwarded-for", "198.51.100.1, 192.0.2.7"), ("x-forwarded-proto", "https")] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn networks_are_told_from_junk() {
        let trusted = proxies(&["10.0.0.0/8", "192.0.2.1", "2001:db8::/32", "::1", "unix"], Speech::Plain);
        for address in ["10.255.0.1", "192.0.2.1", "2001:db8:ffff::1", "::1"] {
            assert!(trusted.peer(ip(address)).believed, "{address}");
        }
        for address in ["11.0.0.1", "192.0.2.2", "2001:db9::1", "::2"] {
            assert!(!trusted.peer(ip(address)).believed, "{address}");
        }
        assert!(trusted.peer(None).believed);
        for text in ["", "10.0.0.0/33", "10.0.0/8", "example.com", "::/129", "10.0.0.1-10.0.0.9", "::ffff:10.0.0.0/104"]
        {
            let error = Proxies::parse(&[text.to_owned()], Speech::Plain).unwrap_err();
            assert!(error.starts_with(&format!("{text}: ")) && error.contains("write"), "{error}");
        }
    }

    #[test]
    fn nobody_is_believed_unless_named() {
        let nobody = Proxies::default();
        for peer in [nobody.peer(ip("127.0.0.1")), nobody.peer(None)] {
            assert_eq!(nobody.origin(&peer, &headers()), Origin { client: peer.client, secure: None });
            assert_eq!(peer.counted(), peer.client);
        }
    }

    #[test]
    fn requests_of_trusted_proxies_say_whom_they_are_from() {
        let trusted = proxies(&["10.0.0.0/8", "unix"], Speech::Plain);
        let told = Origin { client: ip("192.0.2.7"), secure: Some(true) };
        assert_eq!(trusted.origin(&trusted.peer(ip("10.0.0.1")), &headers()), told);
        assert_eq!(trusted.origin(&trusted.peer(None), &headers()), told);
        let silent = trusted.origin(&trusted.peer(ip("10.0.0.1")), &HeaderMap::new());
        assert_eq!(silent, Origin { client: ip("10.0.0.1"), secure: None });
        assert_eq!(trusted.peer(ip("10.0.0.1")).counted(), None, "a proxy has the connections of many");
        assert_eq!(trusted.peer(ip("11.0.0.1")).counted(), ip("11.0.0.1"));
    }

    /// What a proxy introduces is the client's own connection: its requests are believed if the client is a proxy.
    #[test]
    fn introduced_connections_are_from_whom_the_header_names() {
        let trusted = proxies(&["10.0.0.0/8"], Speech::Introduced);
        let proxy = trusted.peer(ip("10.0.0.1"));
        assert!(trusted.introduces(&proxy) && !trusted.introduces(&trusted.peer(ip("192.0.2.1"))));
        assert!(!proxies(&["10.0.0.0/8"], Speech::Plain).introduces(&proxy));
        let client = |address: &str| Source::Client { address: address.parse().unwrap(), secure: true };
        let visitor = trusted.introduced(proxy, client("192.0.2.1"));
        assert_eq!(trusted.origin(&visitor, &headers()), Origin { client: ip("192.0.2.1"), secure: Some(true) });
        assert_eq!((visitor.socket, visitor.counted()), (ip("10.0.0.1"), ip("192.0.2.1")));
        let inner = trusted.introduced(proxy, client("10.0.0.2"));
        assert_eq!(trusted.origin(&inner, &headers()).client, ip("192.0.2.7"));
        assert_eq!(trusted.introduced(proxy, Source::Own), proxy);
        let unknown = trusted.introduced(proxy, Source::Unknown);
        assert_eq!(trusted.origin(&unknown, &headers()), Origin { client: ip("10.0.0.1"), secure: None });
    }
}
