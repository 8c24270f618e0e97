//! The walk over a site's folder: which files are served, under which paths, and what is left out.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::policy::{HEADERS, REDIRECTS};
use super::read::Stamp;

/// What to do with a symbolic link that leaves the folder, is broken or loops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Links {
    /// It is an error: a release must not silently lack a file.
    Refuse,
    /// It is left out with a notice: a running server keeps serving the rest.
    LeaveOut,
    /// Links out of the folder are followed (Nix link farms are made of them); broken ones and loops are errors.
    Follow,
}

/// A file to be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Where it is served: the path below the folder, `/` between segments, none in front.
    pub(crate) path: String,
    /// What the file was when it was seen.
    pub(crate) stamp: Stamp,
}

/// The files of a folder, sorted by path, and the folders they are in.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(crate) files: Vec<Found>,
    /// The policy files at the root, which are not served.
    pub(crate) policy: Vec<Found>,
    /// Paths of the folders below the root, in the same form.
    pub(crate) folders: Vec<String>,
    /// What was left out and why, one line each.
    pub(crate) notices: Vec<String>,
}

/// Lists the files of `root`.
///
/// # Errors
/// A root that is no readable folder, names that are not UTF-8, unreadable folders, and links that [`Links`] refuses.
pub(crate) fn walk(root: &Path, links: Links) -> Result<Tree> {
    let canonical = fs::canonicalize(root).with_context(|| format!("{}", root.display()))?;
    let mut walk = Walk { root: canonical.clone(), links, tree: Tree::default() };
    walk.folder("", &canonical, &mut vec![canonical.clone()])?;
    walk.tree.files.sort_by(|a, b| a.path.as_bytes().cmp(b.path.as_bytes()));
    walk.tree.policy.sort_by(|a, b| a.path.cmp(&b.path));
    walk.tree.folders.sort();
    walk.tree.notices.sort();
    Ok(walk.tree)
}

struct Walk {
    root: PathBuf,
    links: Links,
    tree: Tree,
}

impl Walk {
    /// Adds what is in `folder`; `above` are the canonical folders that the walk is inside of.
    fn folder(&mut self, prefix: &str, folder: &Path, above: &mut Vec<PathBuf>) -> Result<()> {
        for entry in fs::read_dir(folder).with_context(|| format!("reading the folder {}", folder.display()))? {
            let entry = entry.with_context(|| format!("reading the folder {}", folder.display()))?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                bail!("{}: the name is not UTF-8; rename it", entry.path().display());
            };
            let path = format!("{prefix}{name}");
            if name.starts_with('.') && path != ".well-known" {
                self.tree.notices.push(format!("{path}: left out, as names that start with a dot are not served"));
                continue;
            }
            self.entry(path, &entry.path(), above)?;
        }
        Ok(())
    }

    fn entry(&mut self, path: String, file: &Path, above: &mut Vec<PathBuf>) -> Result<()> {
        let mut metadata = fs::symlink_metadata(file).with_context(|| format!("{}", file.display()))?;
        let mut target = file.to_owned();
        if metadata.is_symlink() {
            match self.resolve(file, above) {
                Ok(resolved) => {
                    metadata = fs::metadata(&resolved).with_context(|| format!("{}", file.display()))?;
                    target = resolved;
                }
                Err(problem) if self.links == Links::LeaveOut => {
                    self.tree.notices.push(format!("{path}: left out, as {problem}"));
                    return Ok(());
                }
                Err(problem) => bail!("{}: {problem}", file.display()),
            }
        }
        if metadata.is_dir() {
            self.tree.folders.push(path.clone());
            above.push(target.clone());
            self.folder(&format!("{path}/"), &target, above)?;
            above.pop();
        } else if metadata.is_file() {
            let files =
                if matches!(path.as_str(), HEADERS | REDIRECTS) { &mut self.tree.policy } else { &mut self.tree.files };
            files.push(Found { path, stamp: Stamp::of(&metadata) });
        } else {
            self.tree.notices.push(format!("{path}: left out, as it is neither a file nor a folder"));
        }
        Ok(())
    }

    /// Resolves a link, or says what is wrong with it.
    fn resolve(&self, link: &Path, above: &[PathBuf]) -> Result<PathBuf, String> {
        let target = fs::canonicalize(link).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => "the symbolic link is broken".to_owned(),
            _ => format!("the symbolic link can't be followed ({error})"),
        })?;
        if self.links != Links::Follow && !target.starts_with(&self.root) {
            return Err(format!(
                "the symbolic link leads out of the folder, to {} (copy the file, or allow links out)",
                target.display()
            ));
        }
        if above.contains(&target) {
            return Err("the symbolic link loops: it leads to a folder that it is in".to_owned());
        }
        Ok(target)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn paths(tree: &Tree) -> Vec<&str> {
        tree.files.iter().map(|found| found.path.as_str()).collect()
    }

    fn sample() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for path in ["b.html", "a/x.css", "a.html", ".git/config", ".well-known/security.txt", ".env"] {
            let file = dir.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, path).unwrap();
        }
        dir
    }

    #[test]
    fn files_are_sorted_by_path_and_dotfiles_left_out_with_a_notice() {
        let dir = sample();
        let tree = walk(dir.path(), Links::Refuse).unwrap();
        assert_eq!(paths(&tree), [".well-known/security.txt", "a.html", "a/x.css", "b.html"]);
        assert_eq!(tree.notices.len(), 2);
    }

    #[test]
    fn links_inside_are_followed_and_others_treated_as_asked() {
        let dir = sample();
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), "s").unwrap();
        symlink("a/x.css", dir.path().join("inside.css")).unwrap();
        symlink("a", dir.path().join("folder")).unwrap();
        let tree = walk(dir.path(), Links::Refuse).unwrap();
        assert!(paths(&tree).contains(&"inside.css") && paths(&tree).contains(&"folder/x.css"));

        for (target, word) in
            [(outside.path().join("secret"), "leads out"), ("nowhere".into(), "broken"), ("..".into(), "loops")]
        {
            let link = dir.path().join("a/link");
            symlink(&target, &link).unwrap();
            let error = walk(dir.path(), Links::Refuse).unwrap_err();
            assert!(format!("{error:#}").contains(word), "{error:#}");
            let tree = walk(dir.path(), Links::LeaveOut).unwrap();
            assert!(!paths(&tree).contains(&"a/link"));
            assert!(tree.notices.iter().any(|notice| notice.contains(word)));
            fs::remove_file(&link).unwrap();
        }
        symlink(outside.path(), dir.path().join("a/out")).unwrap();
        assert!(paths(&walk(dir.path(), Links::Follow).unwrap()).contains(&"a/out/secret"));
    }

    #[test]
    fn a_loop_is_found() {
        let dir = sample();
        symlink(".", dir.path().join("a/loop")).unwrap();
        for links in [Links::Refuse, Links::Follow] {
            assert!(format!("{:#}", walk(dir.path(), links).unwrap_err()).contains("loops"));
        }
        assert!(walk(dir.path(), Links::LeaveOut).is_ok());
    }

    #[test]
    fn a_name_that_is_not_utf8_is_an_error() {
        use std::os::unix::ffi::OsStrExt;
        let dir = sample();
        fs::write(dir.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9.html")), "x").unwrap();
        assert!(format!("{:#}", walk(dir.path(), Links::LeaveOut).unwrap_err()).contains("not UTF-8"));
    }
}
