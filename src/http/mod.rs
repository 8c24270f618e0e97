//! HTTP semantics: from a request to a response, over an open site.

mod body;
mod error_page;
mod field;
mod forwarded;
mod handler;
mod host;
mod negotiation;
mod preconditions;
mod range;
mod respond;
mod secure;
mod served;

pub(crate) use body::ResponseBody;
pub(crate) use field::reason;
pub(crate) use forwarded::Origin;
pub(crate) use handler::{Handler, Options, Stale};
pub(crate) use respond::{refusal_bytes, unavailable};
pub(crate) use secure::SecureHosts;
pub(crate) use served::Served;
