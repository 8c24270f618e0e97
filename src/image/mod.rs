//! Container images of a `site` executable: one layer with one file in it.

mod archive;
mod document;
mod layer;

use std::fs::File;

pub(crate) use archive::{Format, write};
pub(crate) use document::Description;

use crate::packfile::Executable;

/// The file that an image is made of.
pub(crate) struct Contents<'a> {
    pub(crate) file: &'a File,
    pub(crate) length: u64,
    pub(crate) executable: Executable,
}
