//! Where the access log goes.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::super::reloads::Reloads;

/// Takes lines, and can be led to another file of the same name.
pub(crate) struct Output {
    writer: Box<dyn Write + Send>,
    /// The name, if it is a file.
    path: Option<PathBuf>,
}

impl Output {
    pub(crate) fn standard_error() -> Self {
        Self::to(io::stderr())
    }

    /// Opens a file for appending; it is made if there is none.
    ///
    /// # Errors
    /// A file that can't be opened.
    pub(crate) fn file(path: PathBuf) -> io::Result<Self> {
        Ok(Self { writer: Box::new(open(&path)?), path: Some(path) })
    }

    pub(super) fn to(writer: impl Write + Send + 'static) -> Self {
        Self { writer: Box::new(writer), path: None }
    }

    pub(super) fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        self.writer.write_all(lines)?;
        self.writer.flush()
    }

    /// Opens the file that has the name now. If that fails, the old one is written on.
    pub(super) fn reopen(&mut self, reloads: &Reloads) {
        let Some(path) = &self.path else { return };
        match open(path) {
            Ok(file) => {
                self.writer = Box::new(file);
                reloads.succeed();
            }
            Err(error) => {
                reloads.fail();
                log::error!(
                    "--access-log-file {}: can't be opened again, lines still go to the file from before ({error}); \
                     check the folder and who may write to it",
                    path.display()
                );
            }
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    File::options().append(true).create(true).open(path)
}
