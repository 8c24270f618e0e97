//! The executable that a bundle is made from.

use std::fs::File;
use std::io;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::carrier;
use crate::pack;
use crate::packfile::{Executable, Marker, PackFile, length};

/// A `site` executable, of which a bundle copies the program.
pub(crate) struct Base {
    file: File,
    /// Bytes of the program, without a pack at its end.
    program: u64,
    /// Where the marker is.
    pub(crate) marker_at: u64,
}

impl Base {
    /// Opens the base at `path`, or the running executable.
    ///
    /// # Errors
    /// A file that is no `site`, is damaged, or reads packs of another version; the message names the flag.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else {
            let file = carrier::executable().context("opening the running executable (--base FILE names another)")?;
            return Self::of(file).context("this executable can't be the base of a bundle");
        };
        let opened = File::open(path).map_err(anyhow::Error::from).and_then(Self::of);
        opened.with_context(|| format!("--base {}", path.display()))
    }

    fn of(file: File) -> Result<Self> {
        let length = length(&file)?;
        let Some(executable) = Executable::read(&file)? else {
            bail!("this is not an executable for Linux; name a site executable")
        };
        let Some((marker_at, marker)) = executable.marker else {
            bail!("this executable is not site; name a site executable")
        };
        if marker.pack_version != pack::VERSION {
            bail!(
                "it reads packs of version {}, and this site {} writes version {}; take a base of the same release",
                marker.pack_version,
                env!("CARGO_PKG_VERSION"),
                pack::VERSION
            );
        }
        let bundled = marker.pack.map(|_| PackFile::of(file.try_clone()?)).transpose()?;
        let program = bundled.and_then(|bundled| bundled.before_attached()).unwrap_or(length);
        Ok(Self { file, program, marker_at })
    }

    /// Copies the program to `out`.
    ///
    /// # Errors
    /// Those of the file system, and a base that became shorter.
    pub(crate) fn copy(&self, mut out: &File) -> io::Result<()> {
        use std::io::{Read, Seek};
        let mut file = &self.file;
        file.rewind()?;
        let copied = io::copy(&mut file.take(self.program), &mut out)?;
        if copied == self.program { Ok(()) } else { Err(io::Error::other("the base changed while it was copied")) }
    }

    /// The marker for the same program with a pack at its end.
    pub(crate) fn marker(pack: pack::PackIdentity) -> Marker {
        Marker { pack: Some(pack), ..Marker::UNBUNDLED }
    }
}
