//! Limits of what clients may take: time and connections.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a client may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    /// For a whole request head, from its first byte, or from the beginning of the connection; for a TLS handshake.
    pub(crate) head: Duration,
    /// Between a response and the next request.
    pub(crate) idle: Duration,
    /// For taking any bytes of a response.
    pub(crate) write: Duration,
    /// For taking all of a response, from the moment that it first had to wait for the client.
    pub(crate) request: Duration,
    /// For closing its side after the last response.
    pub(crate) linger: Duration,
}

/// How many connections may be open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConnectionLimits {
    pub(crate) total: usize,
    pub(crate) per_address: usize,
}

/// File descriptors that are not a connection's.
const OTHER_DESCRIPTORS: usize = 64;

/// Raises this process's limit of open files to what it may be; returns how many connections it allows, if each of
/// them needs so many descriptors.
pub(crate) fn most_connections(descriptors: usize) -> usize {
    (open_files().saturating_sub(OTHER_DESCRIPTORS) / descriptors).max(1)
}

/// The limit of open files that so many connections need.
pub(crate) fn descriptors_for(connections: usize, descriptors: usize) -> usize {
    connections * descriptors + OTHER_DESCRIPTORS
}

#[cfg(target_os = "linux")]
fn open_files() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_ok();
    let limit = if raised { maximum } else { current };
    limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
}

#[cfg(not(target_os = "linux"))]
fn open_files() -> usize {
    256 // what macOS gives to a process
}

/// Counts the connections of each address. Cloning shares the counts.
#[derive(Clone)]
pub(crate) struct Admissions {
    limit: usize,
    counts: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// The place that a connection takes while it is open.
pub(crate) struct Admission {
    admissions: Admissions,
    network: Option<IpAddr>,
}

impl Admissions {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, counts: Arc::default() }
    }

    /// Counts one more connection of an address; none if it has too many. Without an address all are let in.
    pub(crate) fn admit(&self, address: Option<IpAddr>) -> Option<Admission> {
        let network = address.map(network);
        if let Some(network) = network {
            let mut counts = self.lock();
            let count = counts.entry(network).or_default();
            if *count >= self.limit {
                return None;
            }
            *count += 1;
        }
        Some(Admission { admissions: self.clone(), network })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let Some(network) = self.network else { return };
        let mut counts = self.admissions.lock();
        if let Some(count) = counts.get_mut(&network) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&network);
            }
        }
    }
}

/// What one client is given: an IPv4 address, or 2^64 IPv6 addresses.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_share_of_connections_and_gets_places_back() {
        let admissions = Admissions::new(2);
        let client = Some("192.0.2.1".parse().unwrap());
        let first = admissions.admit(client).unwrap();
        let _second = admissions.admit(client).unwrap();
        assert!(admissions.admit(client).is_none());
        assert!(admissions.admit(Some("::ffff:192.0.2.1".parse().unwrap())).is_none(), "the same address");
        assert!(admissions.admit(Some("192.0.2.2".parse().unwrap())).is_some());
        assert!(admissions.admit(None).is_some());
        drop(first);
        assert!(admissions.admit(client).is_some());
    }

    #[test]
    fn a_network_of_ipv6_addresses_counts_as_one() {
        let admissions = Admissions::new(1);
        let _held = admissions.admit(Some("2001:db8::1".parse().unwrap())).unwrap();
        assert!(admissions.admit(Some("2001:db8::ffff:2".parse().unwrap())).is_none());
        assert!(admissions.admit(Some("2001:db8:0:1::1".parse().unwrap())).is_some());
    }

    #[test]
    fn addresses_without_connections_are_forgotten() {
        let admissions = Admissions::new(1);
        drop(admissions.admit(Some("192.0.2.1".parse().unwrap())));
        assert!(admissions.lock().is_empty());
    }
}
