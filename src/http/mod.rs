//! HTTP semantics: from a request to a response, over an open site.

mod body;
mod error_page;
mod handler;
mod host;
mod negotiation;
mod preconditions;
mod range;
mod respond;

pub(crate) use body::ResponseBody;
pub(crate) use handler::{Handler, Options, Stale};
pub(crate) use respond::{Served, reason, refusal_bytes, unavailable};
