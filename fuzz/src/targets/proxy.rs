//! Headers of the PROXY protocol, and what follows them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::server::proxy_header::Beginning::{self, Header, Malformed, Partial};
use crate::server::proxy_header::{Source, read};

/// Longer lines are none of version 1's (section 2.1).
const LONGEST_LINE: usize = 107;

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

pub fn check(input: &[u8]) {
    let beginning = read(input);
    match beginning {
        Header(_, length) => {
            assert!((1..=input.len()).contains(&length));
            // What follows a header is nothing to it, and all that comes before its end is the beginning of one.
            assert_eq!(read(&input[..length]), beginning);
            for cut in [0, length / 2, length - 1] {
                assert_eq!(read(&input[..cut]), Partial, "{cut} bytes of {length}");
            }
        }
        Partial => assert_eq!(read(&input[..input.len() / 2]), Partial),
        Malformed => assert_eq!(read(&[input, b"\r\n\0\0\0\0"].concat()), Malformed),
    }
    if let Some(expected) = text(input).or_else(|| binary(input)) {
        assert_eq!(beginning, expected);
    }
}

/// A whole line of version 1 with addresses, read by section 2.1; nothing for any other input.
fn text(input: &[u8]) -> Option<Beginning> {
    let end = input.windows(2).position(|pair| pair == b"\r\n")?;
    let line = std::str::from_utf8(&input[..end]).ok()?;
    let [_, family, source, destination, one, other] = line.split(' ').collect::<Vec<_>>()[..] else { return None };
    let port = |text: &str| {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
        plain.then(|| text.parse::<u16>().ok()).flatten()
    };
    let (_, _, begins) = (port(one)?, port(other)?, line.starts_with("PROXY ").then_some(())?);
    let () = begins;
    let address: IpAddr = match family {
        "TCP4" => destination.parse::<Ipv4Addr>().ok().and(source.parse::<Ipv4Addr>().ok())?.into(),
        "TCP6" => destination.parse::<Ipv6Addr>().ok().and(source.parse::<Ipv6Addr>().ok())?.into(),
        _ => return None,
    };
    (end + 2 <= LONGEST_LINE)
        .then(|| Header(Source::Client { address: address.to_canonical(), secure: false }, end + 2))
}

/// A whole header of version 2 without additions, read by section 2.2; nothing for any other input.
fn binary(input: &[u8]) -> Option<Beginning> {
    let [version_and_command, family, high, low, rest @ ..] = input.strip_prefix(SIGNATURE)? else { return None };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    let rest = rest.get(..length)?;
    let whole = SIGNATURE.len() + 4 + length;
    match (version_and_command, family) {
        (0x20, _) => Some(Header(Source::Own, whole)),
        (0x21, 0x11) if length == 12 => {
            let address = Ipv4Addr::from(*rest.first_chunk::<4>()?).into();
            Some(Header(Source::Client { address, secure: false }, whole))
        }
        (0x21, 0x21) if length == 36 => {
            let address = IpAddr::from(*rest.first_chunk::<16>()?).to_canonical();
            Some(Header(Source::Client { address, secure: false }, whole))
        }
        (0x21, _) => None,
        _ => Some(Malformed),
    }
}
