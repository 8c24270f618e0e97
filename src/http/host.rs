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

/// An IPv6 address, or one of a version to come: `"v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" )`.
fn is_ip_literal(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else { return false };
    let Some(future) = text.strip_prefix(['v', 'V']) else { return text.parse::<std::net::Ipv6Addr>().is_ok() };
    let Some((version, address)) = future.split_once('.') else { return false };
    let hexadecimal = !version.is_empty() && version.bytes().all(|b| b.is_ascii_hexdigit());
    hexadecimal && !address.is_empty() && address.bytes().all(|b| is_plain(b) || b == b':')
}

/// Unreserved characters, sub-delimiters and percent-encoded bytes (RFC 3986 §3.2.2).
fn is_registered_name(name: &[u8]) -> bool {
    let mut bytes = name.iter();
    while let Some(byte) = bytes.next() {
        let valid = match byte {
            b'%' => bytes.by_ref().take(2).filter(|b| b.is_ascii_hexdigit()).count() == 2,
            byte => is_plain(*byte),
        };
        if !valid {
            return false;
        }
    }
    true
}

/// Unreserved characters and sub-delimiters.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte)
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
            "[VF0.~]:1",
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

    #[test]
    fn addresses_of_a_version_to_come_follow_the_grammar() {
        for host in ["[v]", "[vab]", "[v1]", "[v1.]", "[v.a]", "[vg.a]", "[v1.%41]", "[v1.a b]", "[x1.a]"] {
            assert!(!is_valid(host.as_bytes()), "{host}");
        }
    }
}
