//! The server: sockets, connections, signals and the access log around the HTTP handler.

mod access_log;
mod admin;
mod connection;
mod drain;
mod exchange;
mod gate;
mod http2;
mod limits;
mod listen;
mod live;
mod metrics;
mod proxies;
mod proxy_header;
mod reloads;
mod service;
mod signals;
mod socket;
mod timer;
mod tls;
mod transport;
mod wire;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use actix_server::{Server, ServerBuilder};
use anyhow::{Context, Result};

pub(crate) use access_log::{Format, Output};
pub(crate) use limits::{ConnectionLimits, Timeouts, descriptors_for, most_connections};
pub(crate) use listen::{ListenAddress, Listener};
pub(crate) use live::Live;
pub(crate) use proxies::{Proxies, Speech};
pub(crate) use tls::{KeyPair, Tls};

use crate::http::{Handler, Options};
use access_log::AccessLog;
use connection::Acceptor;
use drain::DrainSwitch;
use limits::Admissions;
use metrics::{Metrics, Sources};
use service::Worker;
use signals::{Signal, Signals};

/// How long the accepting thread and the workers may take to pass on a connection.
const HAND_OVER: Duration = Duration::from_millis(10);

/// Everything that a server needs, opened: starting it opens nothing more.
pub(crate) struct Listening {
    /// The sockets for connections without TLS, and how they are answered.
    pub(crate) plain: (Vec<Listener>, Options),
    /// The sockets for connections with TLS, and how they are answered.
    pub(crate) secure: (Vec<Listener>, Options),
    pub(crate) tls: Option<Tls>,
    pub(crate) workers: usize,
    pub(crate) access_log: Option<(Format, Output)>,
    /// The sockets of the admin listener; nothing is counted if there are none.
    pub(crate) admin: Vec<Listener>,
    /// The way in which the pack reached the server.
    pub(crate) carrier: String,
    pub(crate) proxies: Proxies,
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
        let log = self.access_log.take().map(|(format, output)| access_log::start(format, output));
        let (log, writer) = log.transpose().context("starting the access log")?.unzip();
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
        let mut signals = Signals::new()?;
        let drain = DrainSwitch::new();
        let metrics = self.metrics(&log, &drain);
        let [plain, secure] = self.acceptors(&log, &drain, &metrics);
        let Self { tls, limits, ending, .. } = self;
        let mut server = Server::build()
            .workers(self.workers)
            .max_concurrent_connections(limits.total.div_ceil(self.workers))
            .shutdown_timeout(ending.timeout.as_secs().max(1))
            .disable_signals();
        server = listen(server, self.plain.0, &plain)?;
        server = listen(server, self.secure.0, &secure)?;
        if let Some(metrics) = metrics {
            actix_rt::spawn(admin::start(self.admin, metrics, drain.clone())?);
        }
        let server = server.run();
        let handle = server.handle();
        actix_rt::spawn(server);
        while signals.next().await == Signal::Reload {
            log::info!("reloading, as SIGHUP asks");
            if let Some(tls) = &tls {
                tls.reload();
            }
            if let Some(log) = &log {
                log.reopen();
            }
        }
        drain.announce();
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

    /// The metrics, if there is a listener to ask for them.
    fn metrics(&self, log: &Option<AccessLog>, drain: &DrainSwitch) -> Option<Metrics> {
        let sources = || Sources {
            carrier: self.carrier.clone(),
            live: self.live.clone(),
            tls: self.tls.clone(),
            log: log.clone(),
            drain: drain.clone(),
        };
        (!self.admin.is_empty()).then(|| Metrics::new(sources()))
    }

    /// What is done with connections without TLS, and with those that have it.
    fn acceptors(&self, log: &Option<AccessLog>, drain: &DrainSwitch, metrics: &Option<Metrics>) -> [Acceptor; 2] {
        let limits = self.limits;
        let secure_handler = Handler::new(self.secure.1.clone());
        let worker = Worker {
            handler: Handler::new(self.plain.1.clone()),
            secure_handler: secure_handler.clone(),
            live: self.live.clone(),
            log: log.clone(),
            tally: None,
            drain: drain.clone(),
            timeouts: self.timeouts,
            admissions: Admissions::new(limits.per_address),
            proxies: Arc::new(self.proxies.clone()),
            crowded: limits.total - limits.total / 8,
        };
        let secure = Worker { handler: secure_handler, ..worker.clone() };
        let tls = self.tls.clone().map(Arc::new);
        [(worker, None), (secure, tls)].map(|(worker, tls)| Acceptor { worker, metrics: metrics.clone(), tls })
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

/// Logs a message, but lets a reader of standard error that is stuck hold the end for a moment only.
fn report(message: String) {
    let (told, wait) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        log::info!("{message}");
        let _ = told.send(());
    });
    let _ = wait.recv_timeout(Duration::from_millis(200));
}
