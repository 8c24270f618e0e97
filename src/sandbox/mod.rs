//! The sandbox: what this process gives up once everything is opened and before its first thread starts.

#[cfg(target_os = "linux")]
mod accounts;
#[cfg(target_os = "linux")]
mod capabilities;
#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod enter;
#[cfg(target_os = "linux")]
mod grants;
#[cfg(target_os = "linux")]
mod identity;
#[cfg(target_os = "linux")]
mod landlock;
#[cfg(target_os = "linux")]
mod seccomp;

use std::fmt;
use std::path::PathBuf;

#[cfg(not(target_os = "linux"))]
pub(crate) use elsewhere::{Identity, enter};
#[cfg(target_os = "linux")]
pub(crate) use enter::enter;
#[cfg(target_os = "linux")]
pub(crate) use identity::Identity;

/// How much of the sandbox there has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Level {
    /// None of it.
    Off,
    /// As much as the system offers.
    BestEffort,
    /// All of it, or the server does not start.
    Required,
}

/// What the process still needs once it is inside.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))] // nobody gets inside
pub(crate) struct Needs {
    pub(crate) level: Level,
    /// Who to become first.
    pub(crate) identity: Option<Identity>,
    /// Folders and files that are read again, under whatever file then has the name.
    pub(crate) read: Vec<PathBuf>,
    /// Files that are opened again to append to them.
    pub(crate) append: Vec<PathBuf>,
}

/// What the sandbox consists of, layer by layer.
#[derive(Default)]
pub(crate) struct Summary {
    active: Vec<String>,
    missing: Vec<String>,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.active.join(", "))?;
        if !self.missing.is_empty() {
            write!(f, "; missing: {}", self.missing.join("; "))?;
        }
        Ok(())
    }
}
