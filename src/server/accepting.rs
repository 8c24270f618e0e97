//! Accepting connections: each one waits for a place, and then goes to the next worker.

use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinHandle;

use super::drain::DrainSwitch;
use super::listen::{BACKLOG, Listener};
use super::socket::Accepted;
use super::workers::{Arrival, Workers};

/// How long nothing is accepted when there is no room for it, as files or memory.
const BACKOFF: Duration = Duration::from_millis(100);

/// The tasks that accept connections, one for each socket.
pub(super) struct Accepting {
    workers: Rc<Workers>,
    places: Arc<Semaphore>,
    drain: DrainSwitch,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

/// A listening socket in the runtime of this thread.
enum Door {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// A listening socket, and where its connections go.
struct Entrance {
    door: Door,
    hall: Hall,
}

/// What a connection passes on its way to a worker.
struct Hall {
    acceptor: usize,
    workers: Rc<Workers>,
    places: Arc<Semaphore>,
    drain: DrainSwitch,
}

impl TryFrom<Listener> for Door {
    type Error = io::Error;

    fn try_from(listener: Listener) -> io::Result<Self> {
        Ok(match listener {
            Listener::Tcp(listener) => Self::Tcp(TcpListener::from_std(listener)?),
            Listener::Unix(listener) => Self::Unix(UnixListener::from_std(listener)?),
        })
    }
}

impl Door {
    /// The next connection, as one that another thread's runtime can have.
    async fn accept(&self) -> io::Result<Accepted> {
        Ok(match self {
            Self::Tcp(listener) => Accepted::Tcp(listener.accept().await?.0.into_std()?),
            Self::Unix(listener) => Accepted::Unix(listener.accept().await?.0.into_std()?),
        })
    }

    /// Leaves the runtime, which only learns after a while of a connection that has arrived.
    fn into_listener(self) -> io::Result<Listener> {
        Ok(match self {
            Self::Tcp(listener) => Listener::Tcp(listener.into_std()?),
            Self::Unix(listener) => Listener::Unix(listener.into_std()?),
        })
    }
}

impl Accepting {
    /// Nothing yet; in all there will be at most so many connections at a time.
    pub(super) fn new(workers: &Rc<Workers>, places: usize, drain: &DrainSwitch) -> Self {
        Self {
            workers: Rc::clone(workers),
            places: Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))),
            drain: drain.clone(),
            stop: watch::Sender::new(false),
            tasks: Vec::new(),
        }
    }

    /// Starts accepting on these sockets, for the acceptor of this number.
    ///
    /// # Errors
    /// A socket that can't be waited for.
    pub(super) fn listen(&mut self, listeners: Vec<Listener>, acceptor: usize) -> io::Result<()> {
        for listener in listeners {
            let hall = Hall {
                acceptor,
                workers: Rc::clone(&self.workers),
                places: Arc::clone(&self.places),
                drain: self.drain.clone(),
            };
            let entrance = Entrance { door: listener.try_into()?, hall };
            self.tasks.push(actix_rt::spawn(entrance.run(self.stop.subscribe())));
        }
        Ok(())
    }

    /// Stops accepting and closes the sockets. When it returns, all that was accepted counts as open.
    pub(super) async fn stop(self) {
        self.stop.send_replace(true);
        for task in self.tasks {
            let _ = task.await;
        }
    }
}

impl Entrance {
    async fn run(self, mut stopped: watch::Receiver<bool>) {
        let waiting = self.accept(&mut stopped).await;
        let Self { door, hall } = self;
        let Ok(listener) = door.into_listener() else { return };
        // The kernel resets what is still in the queue of a socket that is closed.
        let queue = std::iter::from_fn(|| listener.accept().ok()).take(BACKLOG as usize);
        for socket in waiting.into_iter().chain(queue) {
            let Ok(place) = Arc::clone(&hall.places).try_acquire_owned() else { return };
            hall.let_in(socket, place);
        }
    }

    /// Accepts connections until that is stopped; returns one that still waits for a place.
    async fn accept(&self, stopped: &mut watch::Receiver<bool>) -> Option<Accepted> {
        loop {
            let socket = tokio::select! {
                biased;
                _ = stopped.wait_for(|stopped| *stopped) => return None,
                socket = self.door.accept() => socket,
            };
            match socket {
                Ok(socket) => tokio::select! {
                    biased;
                    Ok(place) = Arc::clone(&self.hall.places).acquire_owned() => self.hall.let_in(socket, place),
                    _ = stopped.wait_for(|stopped| *stopped) => return Some(socket),
                },
                // The client has left already.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    log::error!("no connection can be accepted now: {error}");
                    tokio::time::sleep(BACKOFF).await;
                }
            }
        }
    }
}

impl Hall {
    fn let_in(&self, socket: Accepted, place: OwnedSemaphorePermit) {
        let drain = self.drain.connection();
        self.workers.serve(Arrival { socket, acceptor: self.acceptor, drain, place });
    }
}
