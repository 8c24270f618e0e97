//! A pack in a file: alone, at the end of a `site` executable, or inside one.
//!
//! Only the index is read into memory; bodies are read when they are asked for. (Mapping the file would be unsound:
//! somebody may truncate it meanwhile.)

mod executable;
mod marker;
mod search;
mod verify;

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
pub(crate) use executable::Executable;
pub(crate) use marker::{MARKER_LEN, Marker};

use crate::pack::{
    AssetRecord, Coding, EntityTagText, FOOTER_LEN, Footer, Location, Pack, PackError, RepresentationRecord,
};

/// Bytes that are read at a time.
const CHUNK: usize = 256 << 10;

/// Where in its file a pack is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The file is the pack.
    Alone,
    /// At the end of an executable, by `site bundle`.
    Attached,
    /// Among an executable's data, by the build.
    Embedded,
}

/// A file with a pack, open for reading.
pub(crate) struct PackFile {
    file: File,
    /// Where in the file the pack starts.
    start: u64,
    pub(crate) place: Place,
    /// The index; the bodies stay in the file.
    pub(crate) pack: Pack,
    /// The executable that carries the pack.
    pub(crate) executable: Option<Executable>,
}

impl PackFile {
    /// Opens the pack of the file at `path`.
    ///
    /// # Errors
    /// A file that can't be read, has no pack, or has a damaged one; the message names the path.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).with_context(|| path.display().to_string())?;
        Self::of(file).with_context(|| path.display().to_string())
    }

    /// Opens the pack of a file.
    ///
    /// # Errors
    /// Those of [`PackFile::open`], without the path.
    pub(crate) fn of(file: File) -> Result<Self> {
        let length = length(&file)?;
        let Some(executable) = Executable::read(&file)? else {
            let footer = footer(&file, length).context("this is neither a site executable nor a pack")?;
            return Self::at(file, length, footer, Place::Alone, None);
        };
        let Some((_, marker)) = executable.marker else {
            bail!("this executable is not site: it has no marker of one")
        };
        let Some(expected) = marker.pack else { return Self::embedded(file, length, executable) };
        let attached = footer(&file, length).and_then(|footer| {
            ensure!(footer.identity() == expected, "there is another pack at the end");
            Self::at(file, length, footer, Place::Attached, Some(executable))
        });
        attached.context(NOT_ITS_PACK)
    }

    /// Finds the pack inside an executable: the last one, as a site may hold executables with packs of their own.
    fn embedded(file: File, length: u64, executable: Executable) -> Result<Self> {
        let mut problem = anyhow::Error::from(PackError::NotAPack);
        for at in search::positions(&file, 0..length, Footer::MAGIC)?.into_iter().rev() {
            let end = at.saturating_add(FOOTER_LEN as u64);
            let found = footer(&file, end)
                .and_then(|footer| Self::at(file.try_clone()?, end, footer, Place::Embedded, Some(executable)));
            match found {
                Ok(found) => return Ok(found),
                // The magic is in the program itself, too.
                Err(error) if error.downcast_ref() == Some(&PackError::NotAPack) => {}
                Err(error) => problem = error,
            }
        }
        Err(problem.context("the executable carries no readable site"))
    }

    fn at(file: File, end: u64, footer: Footer, place: Place, executable: Option<Executable>) -> Result<Self> {
        let start = end.checked_sub(footer.length);
        let start = start.ok_or(PackError::Length { expected: footer.length, found: end })?;
        if place == Place::Alone && start != 0 {
            bail!(PackError::Length { expected: footer.length, found: end });
        }
        let mut index = vec![0; usize::try_from(footer.index_len)?];
        file.read_exact_at(&mut index, start + footer.index_at)?;
        let pack = Pack::open_index(index.into(), &footer)?;
        Ok(Self { file, start, place, pack, executable })
    }

    /// The form of an asset that its file has.
    pub(crate) fn identity(&self, asset: &AssetRecord<'_>) -> Option<RepresentationRecord> {
        let all = 0..self.pack.representation_count(asset);
        all.filter_map(|nth| self.pack.representation(asset, nth)).find(|form| form.coding == Coding::Identity)
    }

    /// The bytes of a representation.
    ///
    /// # Errors
    /// Those of [`PackFile::stream`].
    pub(crate) fn body(&self, representation: &RepresentationRecord) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        self.stream(representation, |chunk| {
            body.extend_from_slice(chunk);
            Ok(())
        })?;
        Ok(body)
    }

    /// The bytes of a representation as they are stored, whether or not they are the ones that were baked.
    ///
    /// # Errors
    /// A body outside the pack, and those of the file system.
    pub(crate) fn stored(&self, representation: &RepresentationRecord) -> io::Result<Vec<u8>> {
        let position = self.position(representation)?;
        let mut body = vec![0; usize::try_from(representation.length).map_err(io::Error::other)?];
        self.file.read_exact_at(&mut body, position)?;
        Ok(body)
    }

    /// Hands the bytes of a representation on in pieces, and checks that they are the ones that were baked.
    ///
    /// # Errors
    /// A body outside the pack or with other bytes than its entity tag says, those of the file system and of `take`.
    pub(crate) fn stream(
        &self,
        representation: &RepresentationRecord,
        mut take: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<()> {
        let mut at = self.position(representation)?;
        let end = at + representation.length;
        let mut buffer = vec![0; CHUNK.min(usize::try_from(representation.length)?)];
        let mut hasher = blake3::Hasher::new();
        while at < end {
            let chunk = &mut buffer[..CHUNK.min((end - at) as usize)];
            self.file.read_exact_at(chunk, at)?;
            hasher.update(chunk);
            take(chunk)?;
            at += chunk.len() as u64;
        }
        if EntityTagText::from_hash(&hasher.finalize()) != representation.entity_tag {
            bail!("the bytes are damaged: they are not the ones that were baked");
        }
        Ok(())
    }

    /// Where in the file a representation's bytes start; they end inside the pack.
    fn position(&self, representation: &RepresentationRecord) -> io::Result<u64> {
        let position = || {
            let Location::Packed(offset) = representation.location else { return None };
            let end = offset.checked_add(representation.length)?;
            (end <= self.pack.bodies_len()).then_some(self.start + offset)
        };
        position().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the index points outside the pack"))
    }

    /// The whole file.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// The length of the whole file.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn length(&self) -> Result<u64> {
        length(&self.file)
    }

    /// The bytes of the file before its attached pack.
    pub(crate) fn before_attached(&self) -> Option<u64> {
        (self.place == Place::Attached).then_some(self.start)
    }
}

/// What to say of an executable whose end is not the pack that it was bundled with.
pub(crate) const NOT_ITS_PACK: &str = "the site that was bundled with this executable is not at its end: the file is \
    truncated, padded, damaged or stripped; copy it again, or bundle it again";

/// The length of a regular file.
pub(crate) fn length(file: &File) -> Result<u64> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        bail!("this is not a file");
    }
    Ok(metadata.len())
}

/// Reads the footer that ends at `end`.
fn footer(file: &File, end: u64) -> Result<Footer> {
    let mut bytes = [0; FOOTER_LEN];
    let at = end.checked_sub(FOOTER_LEN as u64).ok_or(PackError::NotAPack)?;
    file.read_exact_at(&mut bytes, at)?;
    Ok(Footer::read(&bytes)?)
}
