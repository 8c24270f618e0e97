//! What an executable file says about itself: its machine, how it is linked, its marker.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use anyhow::{Context, Result, bail};
use elf::abi;
use elf::endian::AnyEndian;

use super::marker::{MARKER_LEN, MARKER_MAGIC, Marker};
use super::search;

/// An executable file in the format of Linux (ELF).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Executable {
    machine: u16,
    little_endian: bool,
    wide: bool,
    /// It needs a dynamic loader, and so other files than itself.
    pub(crate) dynamic: bool,
    /// The marker and where in the file it is; none in an executable that is not `site`.
    pub(crate) marker: Option<(u64, Marker)>,
}

impl Executable {
    /// Reads a file's headers; nothing if the file is no executable.
    ///
    /// # Errors
    /// Those of the file system, headers that make no sense, several markers.
    pub(crate) fn read(file: &File) -> Result<Option<Self>> {
        let mut magic = [0; 4];
        match file.read_exact_at(&mut magic, 0) {
            Ok(()) if magic == abi::ELFMAGIC => {}
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error.into()),
            _ => return Ok(None),
        }
        let parsed = elf::ElfStream::<AnyEndian, _>::open_stream(file.try_clone()?);
        let parsed = parsed.context("the executable's headers are damaged")?;
        let marker = marker(file, parsed.segments())?;
        Ok(Some(Self {
            machine: parsed.ehdr.e_machine,
            little_endian: parsed.ehdr.endianness == AnyEndian::Little,
            wide: parsed.ehdr.class == elf::file::Class::ELF64,
            dynamic: parsed.segments().iter().any(|segment| segment.p_type == abi::PT_INTERP),
            marker,
        }))
    }

    /// The processor's name as container platforms write it (`GOARCH`), and its variant.
    pub(crate) fn architecture(&self) -> Option<(&'static str, Option<&'static str>)> {
        Some(match (self.machine, self.wide, self.little_endian) {
            (abi::EM_X86_64, true, _) => ("amd64", None),
            (abi::EM_AARCH64, true, true) => ("arm64", Some("v8")),
            (abi::EM_386, false, _) => ("386", None),
            (abi::EM_ARM, false, true) => ("arm", Some("v7")),
            (abi::EM_RISCV, true, _) => ("riscv64", None),
            (abi::EM_PPC64, true, true) => ("ppc64le", None),
            (abi::EM_S390, true, false) => ("s390x", None),
            (abi::EM_LOONGARCH, true, _) => ("loong64", None),
            _ => return None,
        })
    }
}

/// Finds the marker in what the executable loads as writable data. A site inside the executable may hold another
/// `site`, marker and all, but lies in read-only data or behind the segments.
fn marker(file: &File, segments: &[elf::segment::ProgramHeader]) -> Result<Option<(u64, Marker)>> {
    let mut markers = Vec::new();
    for segment in segments.iter().filter(|s| s.p_type == abi::PT_LOAD && s.p_flags & abi::PF_W != 0) {
        let range = segment.p_offset..segment.p_offset.saturating_add(segment.p_filesz);
        for at in search::positions(file, range, &MARKER_MAGIC)? {
            let mut bytes = [0; MARKER_LEN];
            file.read_exact_at(&mut bytes, at).context("the executable is truncated")?;
            markers.extend(Marker::from_bytes(&bytes).map(|marker| (at, marker)));
        }
    }
    match markers[..] {
        [] => Ok(None),
        [marker] => Ok(Some(marker)),
        _ => bail!("the executable holds several markers; take the one that was built"),
    }
}
