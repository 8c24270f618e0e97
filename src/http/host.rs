//! The Host header: is its value a host and perhaps a port (RFC 9110 §7.2, RFC 3986 §3.2)?

/// Returns true if and only if `value` is a valid Host field value; an empty one is.
pub(crate) fn is_valid(value: &[u8]) -> bool {
    let (host, port) = match value.strip_prefix(b"[") {
        Some(rest) => {
            let Some(end) = rest.iter().position(|b| *b == b']') else { return false };
            if !is_ip_literal(&rest[..end]) {
                return false;
            }
            (&b""[..], &rest[end + 1..])
        }
        None => value.split_at(value.iter().position(|b| *b == b':').unwrap_or(value.len())),
    };
    is_registered_name(host) && (port.is_empty() || (port[0] == b':' && port[1..].iter().all(u8::is_ascii_digit)))
}

fn is_ip_literal(text: &[u8]) -> bool {
    let future = text.first().is_some_and(|b| b.eq_ignore_ascii_case(&b'v'));
    let text = std::str::from_utf8(text).unwrap_or_default();
    if future {
        text.len() > 2 && is_registered_name(text.replace(':', "").as_bytes())
    } else {
        text.parse::<std::net::Ipv6Addr>().is_ok()
    }
}

/// Unreserved characters, sub-delimiters and percent-encoded bytes (RFC 3986 §3.2.2).
fn is_registered_name(name: &[u8]) -> bool {
    let mut bytes = name.iter();
    while let Some(byte) = bytes.next() {
        let valid = match byte {
            b'%' => bytes.by_ref().take(2).filter(|b| b.is_ascii_hexdigit()).count() == 2,
            b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' => {
                true
            }
            byte => byte.is_ascii_alphanumeric(),
        };
        if !valid {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::is_valid;

    #[test]
    fn hosts_are_told_from_junk() {
        for host in [
            "",
            "localhost",
            "example.com:80",
            "127.0.0.1:8080",
            "[::1]",
            "[::1]:80",
            "a_b-c.d",
            "x:",
            "%41b",
            "[v1.a:b]",
        ] {
            assert!(is_valid(host.as_bytes()), "{host}");
        }
        for host in [
            "a b", "a/b", "a@b", "a:b", "a:80:90", "[::1", "[::g]", "[::1]x", "a\\b", "<a>", "a\u{e9}", "%4", "a,b/",
            "a?b",
        ] {
            assert!(!is_valid(host.as_bytes()), "{host}");
        }
    }
}
