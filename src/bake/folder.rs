//! A site's folder on disk, from which no file outside of it is ever opened unless links out are allowed.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::read::{Content, read};
use super::walk::{Links, Tree, walk};

/// An open folder: the folder that had the name when it was opened, even if the name moves on.
pub(crate) struct Folder {
    /// Without links.
    root: PathBuf,
    #[cfg(target_os = "linux")]
    descriptor: std::os::fd::OwnedFd,
    links: Links,
}

impl Folder {
    /// Opens the folder at `path`.
    ///
    /// # Errors
    /// A path that does not exist, can't be read, or is no folder; the message ends with the remedy.
    pub(crate) fn open(path: &Path, links: Links) -> Result<Self> {
        let root = match fs::canonicalize(path) {
            Ok(root) => root,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                bail!("{}: there is no such folder; build the site first, or name another folder", path.display())
            }
            Err(error) => return Err(error).with_context(|| path.display().to_string()),
        };
        if !root.is_dir() {
            bail!("{}: this is a file, not a folder; name the folder that holds the site's files", path.display());
        }
        Ok(Self {
            #[cfg(target_os = "linux")]
            descriptor: File::open(&root).with_context(|| path.display().to_string())?.into(),
            root,
            links,
        })
    }

    /// The folder's path without links.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Lists the files.
    ///
    /// # Errors
    /// Those of [`walk`], and a folder in which there is nothing to serve.
    pub(crate) fn walk(&self) -> Result<Tree> {
        let tree = walk(&self.root, self.links)?;
        if tree.files.is_empty() {
            bail!(
                "{}: the folder has no files to serve; build the site first, or name another folder",
                self.root.display()
            );
        }
        Ok(tree)
    }

    /// Reads the file at `path`, keeping its bytes if there are at most `keep`.
    ///
    /// # Errors
    /// Those of [`Folder::file`]; a file that changes meanwhile is an error of kind `Interrupted`.
    pub(crate) fn read(&self, path: &str, keep: u64) -> io::Result<Content> {
        read(self.file(path)?, keep)
    }

    /// Opens the file at `path`, below this folder.
    ///
    /// # Errors
    /// Those of the file system, and links that lead out, even ones that were made a moment ago.
    pub(crate) fn file(&self, path: &str) -> io::Result<File> {
        if self.links == Links::Follow {
            return File::open(self.root.join(path));
        }
        self.file_beneath(path)
    }

    #[cfg(target_os = "linux")]
    fn file_beneath(&self, path: &str) -> io::Result<File> {
        use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
        let open = |path: &Path, resolve| {
            let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
            openat2(&self.descriptor, path, flags, Mode::empty(), ResolveFlags::BENEATH | resolve)
        };
        match open(Path::new(path), ResolveFlags::NO_MAGICLINKS) {
            Ok(descriptor) => Ok(descriptor.into()),
            // An absolute link may still lead inside; its target, free of links, is opened as such.
            Err(rustix::io::Errno::XDEV) => {
                Ok(open(&self.path_without_links(path)?, ResolveFlags::NO_SYMLINKS)?.into())
            }
            Err(rustix::io::Errno::NOSYS | rustix::io::Errno::PERM) => self.file_checked(path),
            Err(error) => Err(error.into()),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn file_beneath(&self, path: &str) -> io::Result<File> {
        self.file_checked(path)
    }

    /// Opens by the resolved path, for kernels without openat2.
    fn file_checked(&self, path: &str) -> io::Result<File> {
        File::open(self.root.join(self.path_without_links(path)?))
    }

    fn path_without_links(&self, path: &str) -> io::Result<PathBuf> {
        let target = fs::canonicalize(self.root.join(path))?;
        let inside = target.strip_prefix(&self.root).map(Path::to_owned);
        inside.map_err(|_| io::Error::new(io::ErrorKind::PermissionDenied, "the path leads out of the folder"))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_are_opened_only_inside_the_folder() {
        let (dir, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(dir.path().join("a"), "inside").unwrap();
        fs::write(outside.path().join("a"), "outside").unwrap();
        symlink("a", dir.path().join("relative")).unwrap();
        symlink(dir.path().join("a"), dir.path().join("absolute")).unwrap();
        symlink(outside.path().join("a"), dir.path().join("out")).unwrap();
        symlink(outside.path(), dir.path().join("folder")).unwrap();
        let folder = Folder::open(dir.path(), Links::LeaveOut).unwrap();
        for path in ["a", "relative", "absolute"] {
            assert!(folder.file(path).is_ok() && folder.file_checked(path).is_ok(), "{path}");
        }
        for path in ["out", "folder/a", "../x"] {
            assert!(folder.file(path).is_err() && folder.file_checked(path).is_err(), "{path}");
        }
        let follow = Folder::open(dir.path(), Links::Follow).unwrap();
        assert!(follow.file("out").is_ok());
    }

    #[test]
    fn what_is_no_site_is_refused_with_a_remedy() {
        let dir = tempfile::tempdir().unwrap();
        let error = |path: &Path| match Folder::open(path, Links::Refuse).and_then(|folder| folder.walk().map(drop)) {
            Ok(()) => panic!("accepted {}", path.display()),
            Err(error) => format!("{error:#}"),
        };
        assert!(error(dir.path()).contains("no files to serve"));
        assert!(error(&dir.path().join("missing")).contains("no such folder"));
        fs::write(dir.path().join("file"), "").unwrap();
        assert!(error(&dir.path().join("file")).contains("not a folder"));
    }
}
