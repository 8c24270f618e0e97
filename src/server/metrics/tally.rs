//! A tally: what one worker thread counts. No other thread writes to it, so counting needs no locked instruction.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix_web::http::Version;
use actix_web::http::header::{self, HeaderMap};

/// The status codes that are counted each by itself, the most frequent first. Others share a place.
const CODES: [u16; 22] =
    [200, 304, 206, 404, 308, 301, 302, 303, 307, 204, 400, 405, 406, 408, 410, 412, 414, 416, 421, 431, 500, 503];

/// The content codings that responses have.
const CODINGS: [&str; 3] = ["identity", "br", "gzip"];

/// The protocols, by their ALPN identifiers.
const PROTOCOLS: [&str; 3] = ["http/1.1", "h2", "http/1.0"];

/// The upper bounds of durations. Most responses are handed over in some microseconds; a download may take a minute.
pub(super) const BOUNDS: [Duration; 16] = [
    Duration::from_micros(100),
    Duration::from_micros(250),
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_micros(2500),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_secs(60),
];

/// The places of status codes.
pub(super) const PLACES: usize = CODES.len() + 1;

const KINDS: usize = PLACES * CODINGS.len() * PROTOCOLS.len();

/// What a response is counted as: its status, coding and protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind(usize);

/// Why a connection ends before its first request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rejection {
    /// Its address has too many already.
    AddressLimit,
    /// A trusted proxy did not begin it with a header.
    ProxyHeader,
    /// No TLS could be agreed on.
    Tls,
}

/// The reasons as they are published, in their order.
pub(super) const REJECTIONS: [&str; 3] = ["address_limit", "proxy_header", "tls_handshake"];

/// A number that one thread raises.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

/// What one worker thread counts.
#[derive(Debug)]
pub(crate) struct Tally {
    pub(super) accepted: Count,
    pub(super) rejected: [Count; REJECTIONS.len()],
    requests: [Count; KINDS],
    refusals: [Count; PLACES],
    pub(super) bytes: Count,
    /// By bound, and those that are longer than all of them.
    pub(super) durations: [Count; BOUNDS.len() + 1],
    pub(super) nanoseconds: Count,
}

impl Count {
    fn add(&self, more: u64) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(more), Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            accepted: Count::default(),
            rejected: Default::default(),
            requests: std::array::from_fn(|_| Count::default()),
            refusals: std::array::from_fn(|_| Count::default()),
            bytes: Count::default(),
            durations: Default::default(),
            nanoseconds: Count::default(),
        }
    }
}

impl Kind {
    pub(crate) fn of(status: u16, headers: &HeaderMap, version: Version) -> Self {
        let coding = headers
            .get(header::CONTENT_ENCODING)
            .map_or(0, |coding| CODINGS.iter().position(|known| known.as_bytes() == coding.as_bytes()).unwrap_or(0));
        let protocol = match version {
            Version::HTTP_2 => 1,
            Version::HTTP_10 => 2,
            _ => 0,
        };
        Self((place(status) * CODINGS.len() + coding) * PROTOCOLS.len() + protocol)
    }

    /// The content coding, unless it is none.
    pub(crate) fn coding(self) -> Option<&'static str> {
        match self.0 / PROTOCOLS.len() % CODINGS.len() {
            0 => None,
            coding => Some(CODINGS[coding]),
        }
    }

    /// The class of the status, the status, the coding and the protocol.
    pub(super) fn labels(self) -> [(&'static str, String); 4] {
        let (rest, protocol) = (self.0 / PROTOCOLS.len(), self.0 % PROTOCOLS.len());
        let [class, code] = status_labels(rest / CODINGS.len());
        let coding = ("coding", CODINGS[rest % CODINGS.len()].to_owned());
        [class, code, coding, ("protocol", PROTOCOLS[protocol].to_owned())]
    }

    /// Every kind.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        (0..KINDS).map(Self)
    }

    /// A kind that is published from the start: the others appear with their first response.
    pub(super) fn is_plain(self) -> bool {
        self.0.is_multiple_of(CODINGS.len() * PROTOCOLS.len())
    }
}

fn place(status: u16) -> usize {
    CODES.iter().position(|code| *code == status).unwrap_or(CODES.len())
}

/// The status at this place is one that requests are refused with before they reach the site.
pub(super) fn is_refusal(place: usize) -> bool {
    CODES.get(place).is_some_and(|code| matches!(code, 400 | 408 | 414 | 431))
}

/// The class and the code of the status at this place.
pub(super) fn status_labels(place: usize) -> [(&'static str, String); 2] {
    match CODES.get(place) {
        Some(code) => [("class", format!("{}xx", code / 100)), ("code", code.to_string())],
        None => [("class", "other".to_owned()), ("code", "other".to_owned())],
    }
}

impl Tally {
    pub(crate) fn accept(&self) {
        self.accepted.add(1);
    }

    pub(crate) fn reject(&self, reason: Rejection) {
        self.rejected[reason as usize].add(1);
    }

    /// Counts a response to a request that the handler had, at its end.
    pub(crate) fn respond(&self, kind: Kind, bytes: u64, duration: Duration) {
        self.requests[kind.0].add(1);
        self.bytes.add(bytes);
        let bound = BOUNDS.iter().position(|bound| duration <= *bound).unwrap_or(BOUNDS.len());
        self.durations[bound].add(1);
        self.nanoseconds.add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Counts a response that no handler made.
    pub(crate) fn refuse(&self, status: u16) {
        self.requests[Kind::of(status, &HeaderMap::new(), Version::HTTP_11).0].add(1);
        self.refusals[place(status)].add(1);
    }

    pub(super) fn requests(&self, kind: Kind) -> u64 {
        self.requests[kind.0].get()
    }

    /// Refusals with the status at this place.
    pub(super) fn refusals(&self, place: usize) -> u64 {
        self.refusals[place].get()
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn labels(status: u16, coding: Option<&'static str>, version: Version) -> [String; 4] {
        let mut headers = HeaderMap::new();
        if let Some(coding) = coding {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        Kind::of(status, &headers, version).labels().map(|(_, value)| value)
    }

    #[test]
    fn every_kind_of_response_has_labels_of_its_own() {
        assert_eq!(labels(200, None, Version::HTTP_11), ["2xx", "200", "identity", "http/1.1"]);
        assert_eq!(labels(304, Some("br"), Version::HTTP_2), ["3xx", "304", "br", "h2"]);
        assert_eq!(labels(503, Some("gzip"), Version::HTTP_10), ["5xx", "503", "gzip", "http/1.0"]);
        assert_eq!(labels(418, None, Version::HTTP_11), ["other", "other", "identity", "http/1.1"]);
        let all: std::collections::HashSet<_> = Kind::all().map(Kind::labels).collect();
        assert_eq!(all.len(), KINDS);
    }

    #[test]
    fn durations_are_counted_by_the_bound_that_holds_them() {
        let tally = Tally::default();
        let kind = Kind::of(200, &HeaderMap::new(), Version::HTTP_11);
        for micros in [0, 100, 101, 60_000_000, 60_000_001] {
            tally.respond(kind, 10, Duration::from_micros(micros));
        }
        let counts: Vec<_> = tally.durations.iter().map(Count::get).collect();
        assert_eq!((counts[0], counts[1], counts[15], counts[16]), (2, 1, 1, 1));
        assert_eq!((tally.requests(kind), tally.bytes.get()), (5, 50));
        assert_eq!(tally.nanoseconds.get(), 120_000_202_000);
        assert!(BOUNDS.is_sorted());
    }
}
