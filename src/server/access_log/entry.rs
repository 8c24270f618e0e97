//! What one line of the access log tells, whatever its format.

use std::net::IpAddr;
use std::time::Duration;

/// What one line tells.
#[derive(Clone, Copy, Default)]
pub(crate) struct Entry<'a> {
    /// Whom the request is from.
    pub(crate) client: Option<IpAddr>,
    /// The other end of the connection.
    pub(crate) peer: Option<IpAddr>,
    /// Absent, as is the target, for what never became a request.
    pub(crate) method: Option<&'a [u8]>,
    pub(crate) target: Option<&'a [u8]>,
    pub(crate) protocol: Option<&'static str>,
    pub(crate) host: Option<&'a [u8]>,
    pub(crate) status: u16,
    /// Bytes of content that were sent.
    pub(crate) bytes: u64,
    pub(crate) coding: Option<&'static str>,
    pub(crate) referer: Option<&'a [u8]>,
    pub(crate) user_agent: Option<&'a [u8]>,
    pub(crate) duration: Duration,
}
