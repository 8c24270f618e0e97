//! Forwarded requests: whom a proxy says a request is from, and how it came to it (RFC 7239, X-Forwarded-*).
//!
//! Each proxy appends what it saw, so the fields are as good as the proxies from the end on: the first address, from
//! the right, that is none of a trusted proxy's is the client's, and whatever is left of it can be anybody's invention.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use actix_web::http::header::{HeaderMap, HeaderValue};

/// What proxies say about a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    /// Whom it is from; none if that is not told, or not in a way to be believed.
    pub(crate) client: Option<IpAddr>,
    /// Whether the client spoke TLS.
    pub(crate) secure: Option<bool>,
}

/// One proxy's words: whom it had a request from, and how. No address if it hides that, or if it can't be read.
type Hop = Origin;

impl Origin {
    /// Reads what a trusted proxy forwards. Fields that contradict each other are not believed: a proxy that writes the
    /// one may pass on the other as it came from the client.
    pub(crate) fn of(headers: &HeaderMap, trusted: impl Fn(IpAddr) -> bool) -> Self {
        let lines = |name| headers.get_all(name).map(HeaderValue::as_bytes);
        let standard = chain(lines("forwarded").flat_map(Elements), &trusted);
        let common = chain(lines("x-forwarded-for").flat_map(members).map(address), &trusted);
        let secure = lines("x-forwarded-proto").flat_map(members).map(is_https).reduce(|one, other| one && other);
        Self {
            client: match (standard, common) {
                (Some(standard), Some(common)) if standard.client != common.client => None,
                (Some(one), _) | (None, Some(one)) => one.client,
                (None, None) => None,
            },
            secure: match (standard.and_then(|standard| standard.secure), secure) {
                (Some(one), Some(other)) => Some(one && other),
                (one, other) => one.or(other),
            },
        }
    }
}

/// Walks along proxies; none if there is nothing to walk along. Equal to a walk from the right that ends at the first
/// hop that is not from a trusted proxy, but needs no memory of all hops.
fn chain(hops: impl Iterator<Item = Hop>, trusted: impl Fn(IpAddr) -> bool) -> Option<Origin> {
    hops.fold(None, |known: Option<Origin>, hop| match (hop.client, known) {
        (Some(client), Some(known)) if trusted(client) => {
            Some(Origin { client: known.client.or(Some(client)), secure: known.secure })
        }
        _ => Some(hop),
    })
}

/// The members of a list without quotes (RFC 9110 §5.6.1).
fn members(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|member| !member.is_empty())
}

fn is_https(scheme: &[u8]) -> bool {
    scheme.eq_ignore_ascii_case(b"https")
}

fn address(node: &[u8]) -> Hop {
    Hop { client: node_address(node), secure: None }
}

/// The address in a node: with or without a port, IPv6 in brackets or bare; none for `unknown` and obfuscated
/// identifiers (RFC 7239 §6).
fn node_address(node: &[u8]) -> Option<IpAddr> {
    let node = std::str::from_utf8(node).ok()?;
    let bare = node.strip_prefix('[').and_then(|node| node.strip_suffix(']'));
    let address = match bare {
        Some(bare) => IpAddr::V6(bare.parse().ok()?),
        None => node.parse().or_else(|_| without_port(node).ok_or(())).ok()?,
    };
    Some(address.to_canonical())
}

/// The address before a port, which may be obfuscated, too.
fn without_port(node: &str) -> Option<IpAddr> {
    let (host, port) = node.rsplit_once(':')?;
    let hidden = |port: &str| port.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    if port.strip_prefix('_').is_some_and(|port| !port.is_empty() && hidden(port)) {
        return format!("{host}:0").parse::<SocketAddr>().ok().map(|address| address.ip());
    }
    node.parse::<SocketAddr>().ok().map(|address| address.ip())
}

/// The elements of a line of Forwarded. One that breaks the grammar tells nothing; what follows an unclosed quote is
/// part of it.
struct Elements<'a>(&'a [u8]);

impl Iterator for Elements<'_> {
    type Item = Hop;

    fn next(&mut self) -> Option<Hop> {
        loop {
            self.0 = self.0.trim_ascii_start();
            match self.0.split_first() {
                None => return None,
                Some((b',', rest)) => self.0 = rest,
                Some(_) => return Some(self.element()),
            }
        }
    }
}

impl<'a> Elements<'a> {
    /// Reads up to the comma that ends an element.
    fn element(&mut self) -> Hop {
        let (mut node, mut scheme, mut valid) = (None, None, true);
        while self.take(b';') {}
        while !matches!(self.0.first(), None | Some(b',')) {
            match self.pair() {
                Some((name, value)) if name.eq_ignore_ascii_case(b"for") => valid &= node.replace(value).is_none(),
                Some((name, value)) if name.eq_ignore_ascii_case(b"proto") => valid &= scheme.replace(value).is_none(),
                Some(_) => {}
                None => valid = false,
            }
            while self.take(b';') {}
        }
        if !valid {
            return Hop::default();
        }
        Hop { client: node.and_then(|node| node_address(&node)), secure: scheme.map(|scheme| is_https(&scheme)) }
    }

    /// Reads `name=value`, and in any case up to what ends it; none if that is not what is there.
    fn pair(&mut self) -> Option<(&'a [u8], Cow<'a, [u8]>)> {
        let name = self.token();
        let has_value = self.take(b'=');
        let value = if self.take(b'"') { self.quoted() } else { Some(self.token().into()) };
        let end = self.0.iter().position(|byte| matches!(byte, b';' | b',')).unwrap_or(self.0.len());
        let (junk, rest) = self.0.split_at(end);
        self.0 = rest;
        let valid = has_value && !name.is_empty() && junk.trim_ascii().is_empty();
        value.filter(|_| valid).map(|value| (name, value))
    }

    /// A token, or a node that should have been quoted.
    fn token(&mut self) -> &'a [u8] {
        let ends = |byte: &u8| matches!(byte, b'=' | b';' | b',' | b'"' | b' ' | b'\t');
        let end = self.0.iter().position(ends).unwrap_or(self.0.len());
        let (token, rest) = self.0.split_at(end);
        self.0 = rest;
        token
    }

    /// The rest of a quoted string (RFC 9110 §5.6.4), without what quotes it; none if it never ends.
    fn quoted(&mut self) -> Option<Cow<'a, [u8]>> {
        let text = self.0;
        let mut escaped = false;
        for (at, byte) in text.iter().enumerate() {
            match byte {
                b'"' if !escaped => {
                    self.0 = &text[at + 1..];
                    return Some(unescaped(&text[..at]));
                }
                _ => escaped = *byte == b'\\' && !escaped,
            }
        }
        self.0 = &[];
        None
    }

    /// Takes a byte, and the spaces behind it if it separates.
    fn take(&mut self, byte: u8) -> bool {
        let Some(rest) = self.0.strip_prefix(&[byte]) else { return false };
        self.0 = if byte == b';' { rest.trim_ascii_start() } else { rest };
        true
    }
}

fn unescaped(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'\\') {
        return text.into();
    }
    let mut bytes = text.iter();
    let unescape = || match bytes.next()? {
        b'\\' => bytes.next().copied(),
        byte => Some(*byte),
    };
    std::iter::from_fn(unescape).collect::<Vec<_>>().into()
}

#[cfg(test)]
mod tests;
