//! Which folders must stay open so that a path can be opened again, whatever takes its name.
//!
//! A rule of Landlock belongs to the file or folder that had the name when the rule was made. Deployments replace
//! what has the name (`mv`, a link that is swapped, `..data` in Kubernetes), so it is the folder around that is named.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The places around some paths.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Places {
    pub(super) folders: BTreeSet<PathBuf>,
    /// Paths right in the root folder: with the folder around them, everything would be open.
    pub(super) fixed: BTreeSet<PathBuf>,
}

impl Places {
    pub(super) fn around(paths: &[PathBuf]) -> Self {
        let mut places = Self::default();
        for path in paths {
            if let Ok(named) = std::path::absolute(path) {
                places.add(&named);
            }
        }
        let all = places.folders.clone();
        places.folders.retain(|folder| !folder.ancestors().skip(1).any(|above| all.contains(above)));
        places
    }

    fn add(&mut self, named: &Path) {
        if named.metadata().is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir()) {
            // Nobody rotates a device. A pipe behind /dev/stdout has no path, and needs no rule.
            self.folders.extend(named.canonicalize());
            return;
        }
        self.add_parent(named);
        for link in named.ancestors().filter(|step| step.is_symlink()) {
            if let Ok(target) = link.canonicalize() {
                self.add_parent(&target);
            }
        }
        if let Ok(target) = named.canonicalize() {
            self.add_parent(&target);
        }
    }

    fn add_parent(&mut self, path: &Path) {
        match path.parent().filter(|parent| parent.parent().is_some()) {
            Some(parent) => self.folders.insert(parent.to_owned()),
            None => {
                self.fixed.insert(path.to_owned());
                self.folders.insert(path.to_owned())
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn folders(path: &Path) -> Vec<PathBuf> {
        Places::around(&[path.to_owned()]).folders.into_iter().collect()
    }

    #[test]
    fn the_folder_around_a_path_is_open_and_the_one_around_that_is_not() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("srv/site")).unwrap();
        assert_eq!(folders(&root.join("srv/site")), [root.join("srv")]);
        assert_eq!(folders(&root.join("srv/site/access.log")), [root.join("srv/site")]);
    }

    #[test]
    fn a_link_opens_the_folder_around_its_target() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("releases/1/public")).unwrap();
        fs::create_dir(root.join("www")).unwrap();
        symlink("../releases/1", root.join("www/current")).unwrap();
        assert_eq!(folders(&root.join("www/current")), [root.join("releases"), root.join("www")]);
        // The link may be on the way, too: the next release has its `public` elsewhere.
        assert_eq!(folders(&root.join("www/current/public")), [root.join("releases"), root.join("www/current")]);
    }

    /// A mounted Secret: `tls.crt -> ..data/tls.crt`, and `..data -> ..1`, which is swapped.
    #[test]
    fn a_mounted_secret_opens_its_folder() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("tls/..1")).unwrap();
        fs::write(root.join("tls/..1/tls.crt"), "").unwrap();
        symlink("..1", root.join("tls/..data")).unwrap();
        symlink("..data/tls.crt", root.join("tls/tls.crt")).unwrap();
        assert_eq!(folders(&root.join("tls/tls.crt")), [root.join("tls")]);
    }

    #[test]
    fn the_root_folder_is_never_open_for_the_sake_of_a_path_in_it() {
        let places = Places::around(&["/no-such-folder".into()]);
        assert_eq!(places.folders, places.fixed);
        assert_eq!(places.folders.into_iter().collect::<Vec<_>>(), [PathBuf::from("/no-such-folder")]);
    }

    #[test]
    fn a_device_opens_nothing_but_itself() {
        assert_eq!(folders(Path::new("/dev/null")), [PathBuf::from("/dev/null")]);
    }
}
