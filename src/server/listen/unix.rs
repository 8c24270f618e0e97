//! Unix sockets to listen on.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use socket2::{Domain, SockAddr, Socket, Type};

use super::BACKLOG;

/// For the owner and the group: those of a reverse proxy that is in the server's group, or the other way round.
const DEFAULT_MODE: u32 = 0o660;

/// A Unix socket as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum UnixAddress {
    File {
        path: PathBuf,
        /// Who may connect: those who may write to the file.
        mode: u32,
    },
    /// A name that is no file's; everybody in the network namespace may connect (unix(7)).
    Abstract(String),
}

impl FromStr for UnixAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = "write unix:/path, unix:/path,mode=660 or unix:@name";
        let (path, options) = text.split_once(',').unwrap_or((text, ""));
        if path.is_empty() || path == "@" {
            return Err(format!("the path is missing; {form}"));
        }
        let mode = match options.split_once('=') {
            None if options.is_empty() => DEFAULT_MODE,
            Some(("mode", digits)) => mode(digits).ok_or_else(|| {
                format!("\"{digits}\" is not a mode in three octal digits; for example mode=660, for owner and group")
            })?,
            _ => return Err(format!("\"{options}\" is unknown; {form}")),
        };
        match path.strip_prefix('@') {
            None => Ok(Self::File { path: path.into(), mode }),
            Some(name) if options.is_empty() => Ok(Self::Abstract(name.to_owned())),
            Some(_) => {
                Err("an abstract socket has no mode, everybody on this machine may connect; leave it out".into())
            }
        }
    }
}

fn mode(digits: &str) -> Option<u32> {
    let octal = digits.len() == 3 && digits.bytes().all(|digit| matches!(digit, b'0'..=b'7'));
    octal.then(|| u32::from_str_radix(digits, 8).ok()).flatten()
}

impl UnixAddress {
    /// Where a client on this machine finds it.
    pub(super) fn local(&self) -> Option<SockAddr> {
        match self {
            Self::File { path, .. } => address(path).ok(),
            Self::Abstract(name) => address(&abstract_path(name)).ok(),
        }
    }

    /// Binds the address and starts listening.
    ///
    /// # Errors
    /// One line that says what is in the way and what to do about it.
    pub(super) fn bind(&self) -> Result<UnixListener, String> {
        match self {
            Self::File { path, mode } => {
                remove_stale(path)?;
                bind(&address(path)?, || fs::set_permissions(path, Permissions::from_mode(*mode)))
                    .map_err(|error| explain(&error, path))
            }
            Self::Abstract(name) => {
                let address = address(&abstract_path(name))?;
                bind(&address, || Ok(())).map_err(|error| match error.kind() {
                    io::ErrorKind::AddrInUse => in_use(),
                    _ => format!("can't listen there ({error}); try another address"),
                })
            }
        }
    }
}

/// An abstract name begins with a zero octet (unix(7)).
fn abstract_path(name: &str) -> PathBuf {
    format!("\0{name}").into()
}

fn address(path: &Path) -> Result<SockAddr, String> {
    SockAddr::unix(path).map_err(|_| "the path of a socket has at most 107 bytes; take a shorter one".to_owned())
}

/// `restrict` runs while nobody can connect yet: connections are refused until the socket listens.
fn bind(address: &SockAddr, restrict: impl FnOnce() -> io::Result<()>) -> io::Result<UnixListener> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.bind(address)?;
    restrict()?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Removes what an earlier run has left: a socket that nobody listens on.
fn remove_stale(path: &Path) -> Result<(), String> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(explain(&error, path)),
    };
    if !found.file_type().is_socket() {
        return Err("there is a file that is not a socket, which is left alone; choose another path".to_owned());
    }
    match connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            return Err("there is another user's socket, which may be in use; choose another path".to_owned());
        }
        // A connection, a full queue, a socket of another type: somebody has it open.
        Ok(()) | Err(_) => return Err(in_use()),
    }
    fs::remove_file(path).map_err(|error| {
        format!(
            "the socket of an earlier run is there and can't be removed ({error}); remove it or choose another path"
        )
    })
}

fn connect(path: &Path) -> io::Result<()> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // With a full queue it would wait.
    socket.set_nonblocking(true)?;
    socket.connect(&SockAddr::unix(path)?)
}

fn in_use() -> String {
    "the socket is in use by another process; stop that one or choose another path".to_owned()
}

fn explain(error: &io::Error, path: &Path) -> String {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = folder.display();
    match error.kind() {
        io::ErrorKind::NotFound => format!("the folder {folder} does not exist; make it first"),
        io::ErrorKind::NotADirectory => format!("{folder} is not a folder; choose another path"),
        io::ErrorKind::PermissionDenied => {
            format!("this user may not make a socket in {folder}; change its mode or choose another path")
        }
        io::ErrorKind::AddrInUse => in_use(),
        _ => format!("can't listen there ({error}); try another path"),
    }
}

/// The address as it is given on the command line.
pub(super) fn name(address: &SocketAddr) -> String {
    if let Some(path) = address.as_pathname() {
        return path.display().to_string();
    }
    abstract_name(address).map_or_else(String::new, |name| format!("@{}", String::from_utf8_lossy(name)))
}

#[cfg(target_os = "linux")]
fn abstract_name(address: &SocketAddr) -> Option<&[u8]> {
    std::os::linux::net::SocketAddrExt::as_abstract_name(address)
}

#[cfg(not(target_os = "linux"))]
fn abstract_name(_: &SocketAddr) -> Option<&[u8]> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        let file = |path: &str, mode| UnixAddress::File { path: path.into(), mode };
        for (text, address) in [
            ("/run/site.sock", file("/run/site.sock", 0o660)),
            ("/run/site.sock,mode=600", file("/run/site.sock", 0o600)),
            ("site.sock,mode=777", file("site.sock", 0o777)),
            ("@site", UnixAddress::Abstract("site".to_owned())),
        ] {
            assert_eq!(text.parse(), Ok(address), "{text}");
        }
        for text in ["", "@", ",mode=660", "/a,mode=", "/a,mode=66", "/a,mode=0660", "/a,mode=668", "/a,mode=rw-"] {
            let error = text.parse::<UnixAddress>().unwrap_err();
            assert!(error.contains("unix:/path") || error.contains("mode=660"), "{text}: {error}");
        }
        for text in ["/a,owner=x", "/a,660", "/a,mode=660,x=y", "@a,mode=660"] {
            assert!(text.parse::<UnixAddress>().is_err(), "{text}");
        }
    }
}
