//! Which files a server can open that has files to read: those around what it was told, and no others.

use std::fs;
use std::path::Path;

use nix::errno::Errno;
use nix::libc::{self, O_APPEND, O_CREAT, O_DIRECTORY, O_RDONLY, O_TMPFILE, O_TRUNC, O_WRONLY};

use super::super::support::{Argument, Dist, Traced};
use super::serve;
use Argument::{Bytes, Number};

const HERE: Argument<'static> = Number(libc::AT_FDCWD as i64);

fn open(traced: &Traced, path: &Path, flags: i32) -> Result<(), Errno> {
    let name = name(path);
    traced.call(libc::SYS_openat, &[HERE, Bytes(&name), Number(flags.into()), Number(0o600)]).map(drop)
}

fn open_by_structure(traced: &Traced, path: &Path, flags: i32) -> Result<(), Errno> {
    let mut how = [0; 24];
    how[..4].copy_from_slice(&flags.to_ne_bytes());
    traced.call(libc::SYS_openat2, &[HERE, Bytes(&name(path)), Bytes(&how), Number(24)]).map(drop)
}

fn name(path: &Path) -> Vec<u8> {
    [path.as_os_str().as_encoded_bytes(), b"\0"].concat()
}

/// A folder with a page, and another file beside it.
fn site() -> Dist {
    let dist = Dist::with(&[("index.html", b"<p>home")]);
    fs::write(dist.beside("beside.txt"), "beside").unwrap();
    dist
}

#[test]
fn the_folder_and_what_is_around_it_can_be_read_and_nothing_else() {
    let (dist, other) = (site(), site());
    let traced = Traced::launch(&serve(&["--sandbox", "required", "--dist-dir", &dist.argument()]));
    for path in [dist.path().join("index.html"), dist.beside("beside.txt"), dist.path()] {
        assert_eq!(open(&traced, &path, O_RDONLY), Ok(()), "{}", path.display());
        assert_eq!(open_by_structure(&traced, &path, O_RDONLY), Ok(()), "{}", path.display());
    }
    let above = dist.beside("").parent().unwrap().to_owned();
    let outside =
        [other.path().join("index.html"), other.beside("beside.txt"), above, "/".into(), "/etc/passwd".into()];
    for path in outside {
        assert_eq!(open(&traced, &path, O_RDONLY), Err(Errno::EACCES), "{}", path.display());
        assert_eq!(open_by_structure(&traced, &path, O_RDONLY), Err(Errno::EACCES), "{}", path.display());
    }
}

#[test]
fn a_served_folder_can_not_be_changed() {
    let dist = site();
    let traced = Traced::launch(&serve(&["--sandbox", "required", "--dist-dir", &dist.argument()]));
    let page = dist.path().join("index.html");
    for flags in [O_WRONLY, O_WRONLY | O_APPEND, O_RDONLY | O_TRUNC, libc::O_RDWR] {
        assert_eq!(open(&traced, &page, flags), Err(Errno::EPERM), "{flags:#o}");
    }
    for flags in [O_WRONLY, O_WRONLY | O_APPEND, O_RDONLY | O_TRUNC, libc::O_RDWR] {
        assert_eq!(open_by_structure(&traced, &page, flags), Err(Errno::EACCES), "{flags:#o}");
    }
    assert_eq!(open(&traced, &dist.path().join("new"), O_WRONLY | O_CREAT), Err(Errno::EPERM));
    assert_eq!(open(&traced, &dist.path(), libc::O_RDWR | O_TMPFILE), Err(Errno::EPERM));
    let gone = traced.call(libc::SYS_unlinkat, &[HERE, Bytes(&name(&page)), Number(0)]);
    assert_eq!(gone, Err(Errno::EPERM));
    drop(traced);
    assert_eq!(fs::read(page).unwrap(), b"<p>home");
}

#[test]
fn what_is_in_a_served_folder_can_not_be_run() {
    let dist = site();
    let program = dist.path().join("program");
    fs::copy("/bin/sh", &program).unwrap();
    let traced = Traced::launch(&serve(&["--sandbox", "required", "--dist-dir", &dist.argument()]));
    let name = name(&program);
    assert_eq!(traced.call(libc::SYS_execve, &[Bytes(&name), Number(0), Number(0)]), Err(Errno::EPERM));
    let file = traced.call(libc::SYS_openat, &[HERE, Bytes(&name), Number(0)]).expect("readable");
    let program = Number((libc::PROT_READ | libc::PROT_EXEC).into());
    let private = Number(libc::MAP_PRIVATE.into());
    let mapped = traced.call(libc::SYS_mmap, &[Number(0), Number(4096), program, private, Number(file), Number(0)]);
    assert_eq!(mapped, Err(Errno::EPERM));
}

#[test]
fn a_log_can_be_appended_to_and_neither_read_nor_overwritten() {
    let (dist, logs) = (site(), Dist::new());
    let log = logs.path().join("access.log");
    let name = log.to_str().unwrap();
    for (folder, unreadable) in [(None, Errno::EPERM), (Some(dist.argument()), Errno::EACCES)] {
        let mut arguments = vec!["--sandbox", "required", "--access-log-file", name];
        arguments.extend(folder.iter().flat_map(|folder| ["--dist-dir", folder]));
        let traced = Traced::launch(&serve(&arguments));
        // As it is opened again after it was renamed.
        let append = O_WRONLY | O_APPEND | O_CREAT;
        assert_eq!(open(&traced, &log, append), Ok(()));
        assert_eq!(open(&traced, &logs.path().join(format!("new-{unreadable}")), append), Ok(()));
        for flags in [O_WRONLY, O_WRONLY | O_CREAT, append | O_TRUNC, libc::O_RDWR | O_APPEND] {
            assert_eq!(open(&traced, &log, flags), Err(Errno::EPERM), "{flags:#o}");
        }
        assert_eq!(open(&traced, &log, O_RDONLY), Err(unreadable));
        assert_eq!(open(&traced, &logs.path(), O_RDONLY | O_DIRECTORY), Err(unreadable));
        assert_eq!(open(&traced, &logs.beside("new"), append), Err(Errno::EACCES), "beside the log's folder");
        assert_eq!(open(&traced, &dist.beside("beside.txt"), append), Err(Errno::EACCES), "where files are read");
    }
}
