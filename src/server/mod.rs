//! The server: sockets, connections, signals and the access log around the HTTP handler.

mod accepting;
mod access_log;
mod admin;
mod connection;
mod drain;
mod exchange;
mod gate;
mod http2;
mod limits;
mod lingering;
mod listen;
mod live;
mod manager;
mod metrics;
mod proxies;
mod proxy_header;
mod reloads;
mod service;
mod signals;
mod socket;
mod timer;
mod tls;
mod wire;
mod workers;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};

pub(crate) use access_log::{Format, Output};
pub(crate) use limits::{ConnectionLimits, Timeouts, descriptors_for, most_connections};
pub(crate) use listen::{Inherited, ListenAddress, Listener};
pub(crate) use live::Live;
pub(crate) use manager::ServiceManager;
pub(crate) use proxies::{Proxies, Speech};
pub(crate) use tls::{KeyPair, Tls};

use crate::http::{Handler, Options};
use accepting::Accepting;
use access_log::AccessLog;
use connection::Acceptor;
use drain::DrainSwitch;
use limits::Admissions;
use metrics::{Metrics, Sources};
use service::Worker;
use signals::{Signal, Signals};
use workers::Workers;

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
    /// What is logged once connections are accepted.
    pub(crate) start_line: String,
    pub(crate) live: Live,
    pub(crate) manager: ServiceManager,
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
        let workers = Workers::start(self.workers, &self.acceptors(&log, &drain, &metrics)).await?;
        let Self { plain, secure, tls, limits, ending, start_line, manager, .. } = self;
        for listener in &self.admin {
            let url = listener.url("http").context("reading the address of the admin listener")?;
            log::info!("admin listener at {url} (/livez, /readyz, /metrics)");
        }
        if let Some(metrics) = metrics {
            actix_rt::spawn(admin::start(self.admin, metrics, drain.clone())?);
        }
        let mut accepting = Accepting::new(&workers, limits.total, &drain);
        for (acceptor, listeners) in [plain.0, secure.0].into_iter().enumerate() {
            accepting.listen(listeners, acceptor).context("starting to accept connections")?;
        }
        let manager = Rc::new(manager);
        watch_dog(&manager, &workers);
        log::info!("{start_line}");
        manager.ready();
        while signals.next().await == Signal::Reload {
            log::info!("reloading, as SIGHUP asks");
            manager.reloading();
            if let Some(tls) = &tls {
                tls.reload();
            }
            if let Some(log) = &log {
                log.reopen();
            }
            manager.ready();
        }
        drain.announce();
        manager.stopping();
        if !ending.delay.is_zero() {
            report(format!("stopping in {} s", ending.delay.as_secs()));
            // A second signal ends the wait.
            while let Ok(Signal::Reload) = tokio::time::timeout(ending.delay, signals.next()).await {}
        }
        drain.drain();
        accepting.stop().await;
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
        [(worker, None), (secure, self.tls.clone())].map(|(worker, tls)| Acceptor {
            worker,
            metrics: metrics.clone(),
            tls,
        })
    }
}

/// Tells a service manager that asks for it that this process is alive, as long as every thread turns.
fn watch_dog(manager: &Rc<ServiceManager>, workers: &Rc<Workers>) {
    let Some(period) = manager.watchdog() else { return };
    let (manager, workers) = (Rc::clone(manager), Rc::clone(workers));
    actix_rt::spawn(async move {
        while workers.respond().await.is_ok() {
            manager.alive();
            tokio::time::sleep(period).await;
        }
    });
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
