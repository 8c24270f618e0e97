//! Carriers: the ways in which a pack reaches the server.

mod attached;
mod directory;
mod embedded;
mod environment;
mod residency;

use std::fmt;
use std::path::PathBuf;

use anyhow::Result;

pub(crate) use attached::executable;
pub(crate) use directory::Directory;
pub(crate) use environment::{Exposure, overlay};

use crate::bake::Preload;
use crate::pack::Pack;
use crate::site::{Loose, Site};

/// How the site came here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CarrierKind {
    /// `--dist-dir`.
    Directory,
    /// At the end of the executable, by `site bundle`.
    Attached,
    /// Compiled into the executable.
    Embedded,
}

impl fmt::Display for CarrierKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CarrierKind::Directory => "directory",
            CarrierKind::Attached => "attached",
            CarrierKind::Embedded => "embedded",
        })
    }
}

/// An opened site and where it came from.
pub(crate) struct Carried {
    pub(crate) kind: CarrierKind,
    pub(crate) site: Site,
    /// The folder to watch, if the site can change.
    pub(crate) directory: Option<Directory>,
}

/// Opens the site: the folder if one is named, else what the executable carries.
///
/// # Errors
/// A folder that can't be baked, or a damaged pack.
pub(crate) fn open(dist_dir: Option<PathBuf>, preload: Preload) -> Result<Carried> {
    match dist_dir {
        Some(path) => {
            let (directory, site) = Directory::open(path, preload)?;
            Ok(Carried { kind: CarrierKind::Directory, site, directory: Some(directory) })
        }
        None => {
            let (kind, pack) = carried_pack()?;
            Ok(Carried { kind, site: Site::new(pack, Vec::<Loose>::new()), directory: None })
        }
    }
}

/// Lets go of the pages that were read to open a site and to make it ready, once that is done.
pub(crate) fn settle(kind: CarrierKind, pack: &Pack) {
    // A folder's index is in memory of its own, which must stay.
    if kind != CarrierKind::Directory {
        residency::release(pack.bytes());
    }
}

/// The pack that this executable carries: the attached one, else the embedded one.
///
/// # Errors
/// A damaged pack.
pub(crate) fn carried_pack() -> Result<(CarrierKind, Pack)> {
    match attached::open()? {
        Some(pack) => Ok((CarrierKind::Attached, pack)),
        None => Ok((CarrierKind::Embedded, embedded::open()?)),
    }
}
