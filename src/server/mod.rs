//! The server: sockets, connections, signals and the access log around the HTTP handler.

mod access_log;
mod connection;
mod drain;
mod exchange;
mod gate;
mod http2;
mod limits;
mod listen;
mod live;
mod service;
mod signals;
mod socket;
mod timer;
mod tls;
mod transport;
mod wire;

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use actix_server::{Server, ServerBuilder};
use anyhow::{Context, Result};

pub(crate) use access_log::AccessLogWriter;
pub(crate) use limits::{ConnectionLimits, Timeouts, descriptors_for, most_connections};
pub(crate) use listen::{ListenAddress, Listener};
pub(crate) use live::Live;
pub(crate) use tls::{KeyPair, Tls};

use crate::http::{Handler, Options};
use access_log::AccessLog;
use connection::Acceptor;
use drain::DrainSwitch;
use limits::Admissions;
use service::Worker;
use signals::{Signal, Signals};

/// How long the accepting thread and the workers may take to pass on a connection.
const HAND_OVER: Duration = Duration::from_millis(10);

/// Where the access log goes.
pub(crate) enum AccessLogTarget {
    Off,
    StandardError,
    File(File),
}

/// Everything that a server needs, opened: starting it opens nothing more.
pub(crate) struct Listening {
    /// The sockets for connections without TLS, and how they are answered.
    pub(crate) plain: (Vec<Listener>, Options),
    /// The sockets for connections with TLS, and how they are answered.
    pub(crate) secure: (Vec<Listener>, Options),
    pub(crate) tls: Option<Tls>,
    pub(crate) workers: usize,
    pub(crate) access_log: AccessLogTarget,
    pub(crate) timeouts: Timeouts,
    pub(crate) limits: ConnectionLimits,
    pub(crate) ending: Ending,
    pub(crate) live: Live,
}

/// How a server ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ending {
    /// Everything goes on for this long after the signal.
    pub(crate) delay: Duration,
    /// For the responses that are then under way.
    pub(crate) timeout: Duration,
}

impl Listening {
    /// Starts the threads and serves until a signal ends it; returns when every response is finished, or the time
    /// for that is over.
    ///
    /// # Errors
    /// Threads or signal handlers that can't be made.
    pub(crate) fn serve(mut self) -> Result<()> {
        let (log, writer) = match std::mem::replace(&mut self.access_log, AccessLogTarget::Off) {
            AccessLogTarget::Off => (None, None),
            AccessLogTarget::StandardError => started(access_log::start(io::stderr()))?,
            AccessLogTarget::File(file) => started(access_log::start(file))?,
        };
        if let Some(tls) = &self.tls {
            tls.follow()?;
        }
        let timeout = self.ending.timeout;
        let served = actix_rt::System::new().block_on(self.run(log));
        if let Some(writer) = writer {
            // At least a second, however little time the responses get.
            writer.close(timeout.max(Duration::from_secs(1)));
        }
        served
    }

    async fn run(self, log: Option<AccessLog>) -> Result<()> {
        let Self { plain, secure, tls, timeouts, limits, ending, live, .. } = self;
        let mut signals = Signals::new()?;
        let drain = DrainSwitch::new();
        let admissions = Admissions::new(limits.per_address);
        let worker = |options: Options| Worker {
            handler: Handler::new(options),
            live: live.clone(),
            log: log.clone(),
            drain: drain.clone(),
            timeouts,
            admissions: admissions.clone(),
            crowded: limits.total - limits.total / 8,
        };
        let mut server = Server::build()
            .workers(self.workers)
            .max_concurrent_connections(limits.total.div_ceil(self.workers))
            .shutdown_timeout(ending.timeout.as_secs().max(1))
            .disable_signals();
        server = listen(server, plain.0, &Acceptor { worker: worker(plain.1), tls: None })?;
        server = listen(server, secure.0, &Acceptor { worker: worker(secure.1), tls: tls.clone().map(Arc::new) })?;
        let server = server.run();
        let handle = server.handle();
        actix_rt::spawn(server);
        while signals.next().await == Signal::Reload {
            log::info!("reloading, as SIGHUP asks");
            if let Some(tls) = &tls {
                tls.reload();
            }
        }
        if !ending.delay.is_zero() {
            report(format!("stopping in {} s", ending.delay.as_secs()));
            // A second signal ends the wait.
            while let Ok(Signal::Reload) = tokio::time::timeout(ending.delay, signals.next()).await {}
        }
        handle.pause().await;
        drain.drain();
        // Connections that were accepted a moment ago reach their worker before it hears of the end.
        tokio::time::sleep(HAND_OVER).await;
        // Closes the listening sockets. It is not awaited: it looks for the end of connections once a second only.
        drop(handle.stop(true));
        report(format!("stopping: finishing the responses under way, at most {} s", ending.timeout.as_secs()));
        let left = drain.wait(ending.timeout).await;
        if left > 0 {
            report(format!("stopped: {left} connections were still open after {} s", ending.timeout.as_secs()));
        }
        Ok(())
    }
}

/// Has a server accept connections.
fn listen(mut server: ServerBuilder, listeners: Vec<Listener>, acceptor: &Acceptor) -> io::Result<ServerBuilder> {
    for listener in listeners {
        let acceptor = acceptor.clone();
        server = match listener {
            Listener::Tcp(listener) => server.listen("site", listener, move || acceptor.clone().factory()),
            Listener::Unix(listener) => server.listen_uds("site", listener, move || acceptor.clone().factory()),
        }?;
    }
    Ok(server)
}

fn started(log: io::Result<(AccessLog, AccessLogWriter)>) -> Result<(Option<AccessLog>, Option<AccessLogWriter>)> {
    let (log, writer) = log.context("starting the access log")?;
    Ok((Some(log), Some(writer)))
}

/// Logs a message, but lets a reader of standard error that is stuck hold the end for a moment only.
fn report(message: String) {
    let (told, wait) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        log::info!("{message}");
        let _ = told.send(());
    });
    let _ = wait.recv_timeout(Duration::from_millis(200));
}
