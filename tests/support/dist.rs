//! Folders to serve: a fresh one per test, the default site of the repository, and bytes to fill files with.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use super::Random;

/// A fresh folder `dist` in a fresh temporary folder; what lies beside `dist` is outside of the site.
/// It is removed with its last handle, and a server that serves it holds one.
#[derive(Clone)]
pub(crate) struct Dist {
    root: Arc<TempDir>,
}

impl Dist {
    pub(crate) fn new() -> Self {
        let root = tempfile::Builder::new().prefix("site-test-").tempdir().expect("a temporary folder");
        fs::create_dir(root.path().join("dist")).expect("the folder dist");
        Self { root: Arc::new(root) }
    }

    /// A folder with these files.
    pub(crate) fn with(files: &[(&str, &[u8])]) -> Self {
        let dist = Self::new();
        for (path, bytes) in files {
            dist.file(path, bytes);
        }
        dist
    }

    /// Writes a file, and the folders above it, in place.
    pub(crate) fn file(&self, path: &str, bytes: impl AsRef<[u8]>) -> &Self {
        let file = self.path().join(path);
        fs::create_dir_all(file.parent().expect("a parent")).expect("folders above the file");
        fs::write(&file, bytes).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        self
    }

    /// Replaces a file by a rename, as deployments do.
    pub(crate) fn replace(&self, path: &str, bytes: impl AsRef<[u8]>) -> &Self {
        let new = self.beside("being-written");
        fs::write(&new, bytes).expect("the new file");
        fs::rename(&new, self.path().join(path)).expect("renamed into dist");
        self
    }

    pub(crate) fn link(&self, path: &str, target: impl AsRef<Path>) -> &Self {
        std::os::unix::fs::symlink(target, self.path().join(path)).expect("a symbolic link");
        self
    }

    pub(crate) fn remove(&self, path: &str) -> &Self {
        fs::remove_file(self.path().join(path)).expect("removed");
        self
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.root.path().join("dist")
    }

    /// A path in the folder that holds dist.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// The path as a command-line argument.
    pub(crate) fn argument(&self) -> String {
        self.path().into_os_string().into_string().expect("a temporary folder with a UTF-8 name")
    }
}

/// The folder that the executable under test was built from.
pub(crate) fn default_site() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(option_env!("SITE_DIST_DIR").unwrap_or("dist"))
}

/// Text that compresses well.
pub(crate) fn prose(length: usize) -> Vec<u8> {
    const WORDS: [&str; 12] =
        ["the ", "page ", "of ", "a ", "site ", "says ", "what ", "it ", "is ", "for ", "and ", "ends.\n"];
    let mut random = Random::quiet(length as u64);
    let mut text = String::new();
    while text.len() < length {
        text.push_str(WORDS[random.below(WORDS.len())]);
    }
    text.truncate(length);
    text.into_bytes()
}

/// Bytes that do not compress.
pub(crate) fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut random = Random::quiet(seed);
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        bytes.extend_from_slice(&random.next().to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}
