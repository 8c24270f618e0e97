//! The service manager that started this process, which is told how it is (sd_notify(3)).

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

use sd_notify::NotifyState;
use socket2::{Domain, SockAddr, Socket, Type};

/// How long a service manager may take to make room for a message.
const PATIENCE: Duration = Duration::from_secs(1);

/// A connection to the service manager, if there is one that wants to be told.
#[derive(Default)]
pub(crate) struct ServiceManager {
    socket: Option<UnixDatagram>,
    watchdog: Option<Duration>,
    /// What it is told while connections are accepted.
    serving: String,
}

impl ServiceManager {
    /// Connects to the service manager that the environment names. It has to be called before threads are started, and
    /// before a sandbox: the one socket serves all messages.
    #[allow(unsafe_code)]
    pub(crate) fn connect() -> Self {
        let address = std::env::var_os("NOTIFY_SOCKET").filter(|address| !address.is_empty());
        // SAFETY: there is no other thread that could look at the environment meanwhile.
        let watchdog = unsafe {
            std::env::remove_var("NOTIFY_SOCKET");
            sd_notify::watchdog_enabled_and_unset_env()
        };
        let Some(address) = address else { return Self::default() };
        match connect(&address) {
            Ok(socket) => {
                let watchdog = watchdog.filter(|limit| !limit.is_zero());
                Self { socket: Some(socket), watchdog, ..Self::default() }
            }
            Err(error) => {
                let address = address.display();
                log::warn!("NOTIFY_SOCKET {address}: the service manager can't be told of the start ({error})");
                Self::default()
            }
        }
    }

    /// Sets what it is told while connections are accepted.
    pub(crate) fn serving(mut self, status: String) -> Self {
        self.serving = status;
        self
    }

    /// How often it wants to hear that this process is alive: twice in the time after which it would end it.
    pub(super) fn watchdog(&self) -> Option<Duration> {
        self.watchdog.map(|limit| limit / 2)
    }

    /// Connections are accepted, for the first time or again.
    pub(super) fn ready(&self) {
        self.tell(&[NotifyState::Ready, NotifyState::Status(&self.serving)]);
    }

    /// Something is read again; `ready` follows.
    pub(super) fn reloading(&self) {
        if let Ok(now) = NotifyState::monotonic_usec_now() {
            self.tell(&[NotifyState::Reloading, now, NotifyState::Status("reloading")]);
        }
    }

    /// The end has begun.
    pub(super) fn stopping(&self) {
        self.tell(&[NotifyState::Stopping, NotifyState::Status("stopping")]);
    }

    pub(super) fn alive(&self) {
        self.tell(&[NotifyState::Watchdog]);
    }

    fn tell(&self, states: &[NotifyState]) {
        let Some(socket) = &self.socket else { return };
        let message = states.iter().map(|state| format!("{state}\n")).collect::<String>();
        if let Err(error) = socket.send(message.as_bytes()) {
            log::warn!("the service manager can't be told {:?} ({error})", message.trim_end());
        }
    }
}

/// Connects a datagram socket to a path, or to the abstract name after an `@`.
fn connect(address: &OsStr) -> io::Result<UnixDatagram> {
    let mut name = address.as_bytes().to_vec();
    match name.first_mut() {
        Some(b'/') => {}
        Some(first @ b'@') => *first = 0,
        _ => return Err(io::Error::new(io::ErrorKind::Unsupported, "neither a path nor an abstract name")),
    }
    let socket = Socket::new(Domain::UNIX, Type::DGRAM, None)?;
    socket.connect(&SockAddr::unix(Path::new(OsStr::from_bytes(&name)))?)?;
    let socket = UnixDatagram::from(socket);
    socket.set_write_timeout(Some(PATIENCE))?;
    Ok(socket)
}
