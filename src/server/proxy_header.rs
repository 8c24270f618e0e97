//! The PROXY protocol's header, by which a proxy says whom a connection is from before anything else is sent
//! (haproxy.org/download/3.0/doc/proxy-protocol.txt).

use std::net::IpAddr;

use proxy_header::{Error, ParseConfig, ProxyHeader};

/// How headers of version 1 and 2 begin.
const TEXT: &[u8] = b"PROXY ";
const BINARY: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// The longest line of version 1, with its end (section 2.1).
const MAX_LINE: usize = 107;

/// A header may be no longer: what it may carry besides addresses is a few names, or a certificate.
const MAX: usize = 16 << 10;

/// Whom a connection is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The proxy itself, which looks whether the server is there (LOCAL).
    Own,
    /// Somebody whose address the proxy does not name (UNKNOWN, or a Unix socket).
    Unknown,
    /// This client, and whether it speaks TLS with the proxy.
    Client { address: IpAddr, secure: bool },
}

/// What the first bytes of a connection are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beginning {
    /// A header of this length.
    Header(Source, usize),
    /// The beginning of one.
    Partial,
    /// Something else.
    Malformed,
}

/// Reads the header at the beginning of `input`.
pub(crate) fn read(input: &[u8]) -> Beginning {
    let begins = |signature: &[u8]| input.starts_with(signature) || signature.starts_with(input);
    if !begins(TEXT) && !begins(BINARY) {
        return Beginning::Malformed;
    }
    let length = binary_length(input);
    if length.is_some_and(|length| input.len() < length) {
        return partial(input);
    }
    // LOCAL says nothing about addresses, whatever follows (section 2.2).
    if let (Some(length), Some(0x20)) = (length, input.get(BINARY.len())) {
        return Beginning::Header(Source::Own, length);
    }
    match ProxyHeader::parse(input, ParseConfig::default()) {
        // However it comes, in one piece or in several.
        Ok((_, length)) if input.starts_with(TEXT) && length > MAX_LINE => Beginning::Malformed,
        Ok((header, length)) => Beginning::Header(source(&header), length),
        Err(Error::BufferTooShort) if length.is_none() => partial(input),
        Err(_) => Beginning::Malformed,
    }
}

fn partial(input: &[u8]) -> Beginning {
    if input.len() < MAX { Beginning::Partial } else { Beginning::Malformed }
}

/// The length that a header of version 2 has by its own words.
fn binary_length(input: &[u8]) -> Option<usize> {
    match input.strip_prefix(BINARY)? {
        [_, _, high, low, ..] => Some(BINARY.len() + 4 + usize::from(u16::from_be_bytes([*high, *low]))),
        _ => None,
    }
}

fn source(header: &ProxyHeader<'_>) -> Source {
    let secure = || header.ssl().is_some_and(|ssl| ssl.client_ssl());
    match header.proxied_address() {
        Some(addresses) => Source::Client { address: addresses.source.ip().to_canonical(), secure: secure() },
        None => Source::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header of version 2 with this command, family and rest.
    fn binary(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = (rest.len() as u16).to_be_bytes();
        [BINARY, &[command, family], &length, rest].concat()
    }

    fn client(address: &str, secure: bool) -> Source {
        Source::Client { address: address.parse().unwrap(), secure }
    }

    const IPV4: [u8; 12] = [192, 0, 2, 1, 203, 0, 113, 7, 0x12, 0x34, 1, 0xbb];

    fn ipv6() -> Vec<u8> {
        let source: std::net::Ipv6Addr = "2001:db8::1".parse().unwrap();
        [&source.octets()[..], &[0; 16], &[0x12, 0x34, 1, 0xbb]].concat()
    }

    /// Section 2.1: 107 bytes with the end of the line.
    #[test]
    fn longer_lines_of_version_1_are_refused_however_they_come() {
        let line = |length: usize| format!("PROXY UNKNOWN {}\r\n", "x".repeat(length - 16)).into_bytes();
        assert_eq!(read(&line(107)), Beginning::Header(Source::Unknown, 107));
        for length in [108, 300] {
            let line = line(length);
            assert_eq!(read(&line), Beginning::Malformed, "{length}");
            assert_eq!(read(&line[..length - 1]), Beginning::Malformed, "{length}");
        }
    }

    /// Section 2.1.
    #[test]
    fn version_1_is_read() {
        for (line, source) in [
            ("PROXY TCP4 192.0.2.1 203.0.113.7 56324 443\r\n", client("192.0.2.1", false)),
            ("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", client("255.255.255.255", false)),
            ("PROXY TCP6 2001:db8::1 2001:db8::2 56324 443\r\n", client("2001:db8::1", false)),
            ("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n", client("192.0.2.1", false)),
            (
                "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
                client("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false),
            ),
            ("PROXY UNKNOWN\r\n", Source::Unknown),
            ("PROXY UNKNOWN ffff::1 any thing at all 1 2\r\n", Source::Unknown),
        ] {
            let input = [line.as_bytes(), b"GET / HTTP/1.1\r\n"].concat();
            assert_eq!(read(&input), Beginning::Header(source, line.len()), "{line}");
            for cut in 0..line.len() {
                assert_eq!(read(&line.as_bytes()[..cut]), Beginning::Partial, "{:?}", &line[..cut]);
            }
        }
    }

    /// Section 2.2.
    #[test]
    fn version_2_is_read() {
        let tls = [0x20, 0, 8, 1, 0, 0, 0, 0, 0x21, 0, 0];
        let no_tls = [0x20, 0, 5, 0, 0, 0, 0, 0];
        for (header, source) in [
            (binary(0x21, 0x11, &IPV4), client("192.0.2.1", false)),
            (binary(0x21, 0x21, &ipv6()), client("2001:db8::1", false)),
            (binary(0x21, 0x11, &[&IPV4[..], &[4, 0, 2, 0, 0], &tls].concat()), client("192.0.2.1", true)),
            (binary(0x21, 0x11, &[&IPV4[..], &no_tls].concat()), client("192.0.2.1", false)),
            // Junk behind the addresses says nothing.
            (binary(0x21, 0x11, &[&IPV4[..], &[0x20, 0xff]].concat()), client("192.0.2.1", false)),
            (binary(0x21, 0x31, &[0; 216]), Source::Unknown),
            (binary(0x21, 0x00, &[]), Source::Unknown),
            (binary(0x20, 0x00, &[]), Source::Own),
            (binary(0x20, 0x11, &IPV4), Source::Own),
            (binary(0x20, 0xff, &[1, 2, 3]), Source::Own),
        ] {
            let input = [&header[..], b"\x16\x03\x01"].concat();
            assert_eq!(read(&input), Beginning::Header(source, header.len()), "{header:?}");
            for cut in 0..header.len() {
                assert_eq!(read(&header[..cut]), Beginning::Partial, "{:?}", &header[..cut]);
            }
        }
    }

    #[test]
    fn anything_else_is_refused_as_soon_as_it_is_seen() {
        for input in [
            &b"G"[..],
            b"GET / HTTP/1.1\r\n\r\n",
            b"\x16\x03\x01",
            b"\r\nGET",
            b"PROXY_",
            b"PROXY TCP5 192.0.2.1 203.0.113.7 1 2\r\n",
            b"PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n",
            b"PROXY TCP4 192.0.2.256 203.0.113.7 1 2\r\n",
            b"PROXY TCP4 192.0.2.1 203.0.113.7 1 65536\r\n",
            b"PROXY TCP4 192.0.2.1 203.0.113.7 1 2\rx",
            b"PROXY TCP4  192.0.2.1 203.0.113.7 1 2\r\n",
        ] {
            assert_eq!(read(input), Beginning::Malformed, "{:?}", String::from_utf8_lossy(input));
        }
        for header in [
            binary(0x11, 0x11, &IPV4),
            binary(0x22, 0x11, &IPV4),
            binary(0x21, 0x11, &IPV4[..8]),
            binary(0x21, 0x31, &[0; 100]),
            binary(0x21, 0x51, &IPV4),
        ] {
            assert_eq!(read(&header), Beginning::Malformed, "{header:?}");
        }
    }

    /// A line has at most 107 bytes, and what a header of version 2 says about its length is not believed beyond reason.
    #[test]
    fn endless_headers_are_refused() {
        assert_eq!(read(&[b"PROXY UNKNOWN ", &[b'x'; 100][..]].concat()), Beginning::Malformed);
        assert_eq!(read(&[b"PROXY TCP4 ", &[b'1'; 100][..]].concat()), Beginning::Malformed);
        for command in [0x20, 0x21] {
            let long = binary(command, 0x11, &[0; 40_000]);
            assert_eq!(read(&long[..MAX - 1]), Beginning::Partial);
            assert_eq!(read(&long[..MAX]), Beginning::Malformed);
        }
    }

    #[test]
    fn any_bytes_are_read_to_an_end() {
        let mut state = 1_u32;
        let mut byte = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        for n in 0..20_000 {
            let mut input = if n % 2 == 0 { BINARY.to_vec() } else { TEXT.to_vec() };
            input.extend((0..n % 60).map(|at| if n % 3 == 0 && at == 0 { 0x21 } else { byte() }));
            if let Beginning::Header(_, length) = read(&input) {
                assert!(length <= input.len(), "{input:?}");
            }
        }
    }
}
