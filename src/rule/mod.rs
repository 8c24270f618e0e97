//! Rules: what the lines of `_redirects` and `_headers` say, in the form in which they are baked, kept in the pack, and
//! matched.

mod codec;
mod csp;
mod encoding;
mod glob;
mod header;
mod pattern;
mod patterns;
mod redirect;
mod table;
mod target;

pub(crate) use codec::{decode_policy_files, encode_policy_files};
pub(crate) use csp::PageHashes;
pub(crate) use encoding::{decode_path, encode_path, encode_written};
pub(crate) use glob::Glob;
pub(crate) use header::{Change, Field, HeaderRule, HeaderRules, Origin, addresses};
pub(crate) use redirect::{Action, Redirect, Status};
pub(crate) use table::{Match, Redirects, encode_redirects};
