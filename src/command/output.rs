//! A file that takes its name whole or not at all.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tempfile::NamedTempFile;

use super::interrupt::Unfinished;

/// A file that is being written beside the place that it is for.
pub(crate) struct NewFile {
    temporary: NamedTempFile,
    unfinished: Unfinished,
    target: PathBuf,
    /// The permissions of the file that is replaced.
    permissions: Option<Permissions>,
}

impl NewFile {
    /// Starts to write the file for `path`. A link that has this name stays, and leads to the new file.
    ///
    /// # Errors
    /// A place where no file can be.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let permissions = match fs::metadata(&target) {
            Ok(metadata) if metadata.is_file() => Some(metadata.permissions()),
            Ok(metadata) if metadata.is_dir() => bail!("this is a folder; name the file to write"),
            Ok(_) => bail!("this is no regular file; name the file to write"),
            Err(_) => None,
        };
        let Some(name) = target.file_name() else { bail!("this names no file; name the file to write") };
        let unfinished = Unfinished::watch().context("listening for signals")?;
        let prefix = format!(".{}.", name.to_string_lossy());
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix).suffix(".unfinished");
        let temporary = builder.tempfile_in(folder(&target));
        let temporary =
            temporary.with_context(|| format!("the folder {} can't be written to", folder(&target).display()))?;
        unfinished.set(temporary.path());
        Ok(Self { temporary, unfinished, target, permissions })
    }

    pub(crate) fn file(&self) -> &File {
        self.temporary.as_file()
    }

    /// Gives the file its name, once it is safe on disk. A new file gets the permissions `mode`, another those of the
    /// file that it replaces.
    ///
    /// # Errors
    /// Those of the file system; then the file is removed.
    pub(crate) fn finish(self, mode: u32) -> Result<()> {
        let file = self.temporary.as_file();
        file.set_permissions(self.permissions.unwrap_or_else(|| Permissions::from_mode(mode)))?;
        file.sync_all()?;
        let (temporary, target) = (self.temporary, &self.target);
        self.unfinished.finish(|| temporary.persist(target)).map_err(|error| error.error)?;
        File::open(folder(target))?.sync_all()?;
        Ok(())
    }
}

/// The folder that a file is in.
pub(crate) fn folder(file: &Path) -> &Path {
    file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
