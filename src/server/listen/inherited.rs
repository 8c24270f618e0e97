//! Sockets that this process was started with: a service manager's (sd_listen_fds(3)), and those named by number.

use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};

use socket2::{Domain, SockRef, Socket, Type};

use super::{ListenAddress, Listener, Place};

/// The sockets that this process was started with, until they are taken.
pub(crate) struct Inherited {
    sockets: Vec<Passed>,
}

struct Passed {
    descriptor: RawFd,
    /// What a service manager calls it.
    name: Option<String>,
    /// An address asks for it by name.
    claimed: bool,
    /// None once it is taken; or what is wrong with it.
    socket: Option<Result<Listener, String>>,
}

/// Reads the number of `fd:N`.
///
/// # Errors
/// What is not a number, or not one of a socket.
pub(super) fn descriptor(text: &str) -> Result<RawFd, String> {
    match text.parse() {
        Ok(0..=2) => {
            Err("0 to 2 are standard input, output and error; pass the socket with a higher number".to_owned())
        }
        Ok(number @ 3..) => Ok(number),
        _ => Err(format!("\"{text}\" is not the number of a descriptor; write fd:N, for example fd:3")),
    }
}

impl Inherited {
    /// Takes over what a service manager passes, and the descriptors of these numbers. It has to be called before
    /// threads are started and files are opened: a descriptor that this process has opened by itself is not passed.
    ///
    /// # Errors
    /// Variables that contradict each other or what is open.
    #[allow(unsafe_code)]
    pub(crate) fn receive(numbers: impl IntoIterator<Item = RawFd>) -> Result<Self, String> {
        // SAFETY: there is no other thread that could look at the environment meanwhile.
        let passed = unsafe { sd_notify::listen_fds_with_names_and_unset_env() };
        let passed = passed.map_err(|error| format!("{error}; a service manager sets them, or leave them out"))?;
        let mut all: Vec<_> = passed.map(|(descriptor, name)| (descriptor, Some(name))).collect();
        for number in numbers {
            if all.iter().all(|(descriptor, _)| *descriptor != number) {
                all.push((number, None));
            }
        }
        let sockets = all.into_iter().map(|(descriptor, name)| {
            let socket = own(descriptor).and_then(listener);
            let socket = socket.map_err(|problem| format!("descriptor {descriptor} {problem}"));
            Passed { descriptor, name, claimed: false, socket: Some(socket) }
        });
        Ok(Self { sockets: sockets.collect() })
    }

    /// The names that a service manager gave to its sockets, one for each.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.sockets.iter().filter_map(|passed| passed.name.as_deref())
    }

    /// Keeps what the addresses ask for by name or number from those that take the rest.
    pub(crate) fn claim<'a>(&mut self, addresses: impl IntoIterator<Item = &'a ListenAddress>) {
        for address in addresses {
            for passed in &mut self.sockets {
                passed.claimed |= match &address.place {
                    Place::Descriptor(number) => passed.descriptor == *number,
                    Place::Passed(Some(name)) => passed.name.as_ref() == Some(name),
                    _ => false,
                };
            }
        }
    }

    /// The socket with this number.
    ///
    /// # Errors
    /// What is not a listening socket, or is taken twice.
    pub(super) fn take(&mut self, number: RawFd) -> Result<Listener, String> {
        let passed = self.sockets.iter_mut().find(|passed| passed.descriptor == number);
        let socket = passed.and_then(|passed| passed.socket.take());
        socket.unwrap_or_else(|| Err(format!("descriptor {number} is given twice; name each socket once")))
    }

    /// The sockets that a service manager passed with this name.
    ///
    /// # Errors
    /// There is none, or one that does not listen.
    pub(super) fn take_named(&mut self, name: &str) -> Result<Vec<Listener>, String> {
        let taken = self.take_where(|passed| passed.name.as_deref() == Some(name))?;
        if !taken.is_empty() {
            return Ok(taken);
        }
        let names = self.names().collect::<Vec<_>>().join(", ");
        let names = if names.is_empty() { "none at all".to_owned() } else { names };
        Err(format!("no socket \"{name}\" was passed, but {names}; set FileDescriptorName= in the socket unit"))
    }

    /// The sockets that a service manager passed, but for those that other addresses ask for.
    ///
    /// # Errors
    /// There is none, or one that does not listen.
    pub(super) fn take_rest(&mut self) -> Result<Vec<Listener>, String> {
        let taken = self.take_where(|passed| passed.name.is_some() && !passed.claimed)?;
        if taken.is_empty() {
            return Err("no socket was passed; start the socket unit, not the service alone".to_owned());
        }
        Ok(taken)
    }

    fn take_where(&mut self, wanted: impl Fn(&Passed) -> bool) -> Result<Vec<Listener>, String> {
        self.sockets.iter_mut().filter(|passed| wanted(passed)).filter_map(|passed| passed.socket.take()).collect()
    }

    /// The names of the sockets that nobody took.
    pub(crate) fn unused(&self) -> Vec<&str> {
        let unused = self.sockets.iter().filter(|passed| passed.socket.is_some());
        unused.filter_map(|passed| passed.name.as_deref()).collect()
    }
}

/// Takes a descriptor over.
#[allow(unsafe_code)]
fn own(descriptor: RawFd) -> Result<OwnedFd, String> {
    // SAFETY: it is used for one question alone, which has an answer also for a number that is not open.
    let borrowed = unsafe { BorrowedFd::borrow_raw(descriptor) };
    match SockRef::from(&borrowed).r#type() {
        // SAFETY: it is open, and `receive` runs before anything in this process opens a file: nobody else has it.
        Ok(Type::STREAM) => Ok(unsafe { OwnedFd::from_raw_fd(descriptor) }),
        Ok(_) => Err("is a socket without connections; pass a listening TCP or Unix stream socket".to_owned()),
        Err(error) => Err(format!("is not a socket of this process ({error}); the parent has to open and pass it")),
    }
}

fn listener(descriptor: OwnedFd) -> Result<Listener, String> {
    let socket = Socket::from(descriptor);
    if !listens(&socket) {
        return Err("is a socket that does not listen; pass a listening one (in a socket unit: Accept=no)".to_owned());
    }
    let prepared = socket.set_nonblocking(true).and_then(|()| socket.set_cloexec(true));
    let domain = prepared.and_then(|()| socket.local_addr()).map(|address| address.domain());
    match domain.map_err(|error| format!("can't be used ({error})"))? {
        Domain::IPV4 | Domain::IPV6 => Ok(Listener::Tcp(socket.into())),
        Domain::UNIX => Ok(Listener::Unix(socket.into())),
        _ => Err("is neither a TCP nor a Unix socket".to_owned()),
    }
}

#[cfg(target_os = "linux")]
fn listens(socket: &Socket) -> bool {
    socket.is_listener().unwrap_or(false)
}

/// Elsewhere the first accept tells.
#[cfg(not(target_os = "linux"))]
fn listens(_: &Socket) -> bool {
    true
}
