//! The server: sockets, connections, signals and the access log around the HTTP handler.

mod access_log;
mod drain;
mod exchange;
mod gate;
mod listen;
mod live;
mod service;
mod timer;

use std::fs::File;
use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_server::Server;
use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};

pub(crate) use access_log::AccessLogWriter;
pub(crate) use listen::ListenAddress;
pub(crate) use live::Live;

use crate::http::Handler;
use access_log::AccessLog;
use drain::DrainSwitch;
use gate::Timeouts;

const TIMEOUTS: Timeouts = Timeouts {
    head: Duration::from_secs(10),
    idle: Duration::from_secs(75),
    write: Duration::from_secs(30),
    linger: Duration::from_secs(2),
};

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
    pub(crate) listeners: Vec<TcpListener>,
    pub(crate) workers: usize,
    pub(crate) access_log: AccessLogTarget,
    pub(crate) shutdown_timeout: Duration,
    pub(crate) handler: Handler,
    pub(crate) live: Live,
}

impl Listening {
    /// Starts the threads and serves until a signal ends it; returns when every response is finished, or the time
    /// for that is over.
    ///
    /// # Errors
    /// Threads or signal handlers that can't be made.
    pub(crate) fn serve(self) -> Result<()> {
        let (log, writer) = match self.access_log {
            AccessLogTarget::Off => (None, None),
            AccessLogTarget::StandardError => started(access_log::start(io::stderr()))?,
            AccessLogTarget::File(file) => started(access_log::start(file))?,
        };
        let drain = DrainSwitch::new();
        let worker =
            service::Worker { handler: self.handler, live: self.live, log, drain: drain.clone(), timeouts: TIMEOUTS };
        let timeout = self.shutdown_timeout;
        let served = actix_rt::System::new().block_on(async {
            let seconds = timeout.as_secs().max(1);
            let mut server = Server::build().workers(self.workers).shutdown_timeout(seconds).disable_signals();
            for listener in self.listeners {
                let worker = worker.clone();
                server = server.listen("site", listener, move || worker.clone().factory())?;
            }
            let server = server.run();
            let handle = server.handle();
            actix_rt::spawn(server);
            stop_signal().await?;
            handle.pause().await;
            drain.drain();
            // Connections that were accepted a moment ago reach their worker before it hears of the end.
            tokio::time::sleep(HAND_OVER).await;
            // Closes the listening sockets. It is not awaited: it looks for the end of connections once a second only.
            drop(handle.stop(true));
            report(format!("stopping: finishing the responses under way, at most {} s", timeout.as_secs()));
            let left = drain.wait(timeout).await;
            if left > 0 {
                report(format!("stopped: {left} connections were still open after {} s", timeout.as_secs()));
            }
            Ok(())
        });
        if let Some(writer) = writer {
            // At least a second, however little time the responses get.
            writer.close(timeout.max(Duration::from_secs(1)));
        }
        served
    }
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

/// Waits for SIGTERM or SIGINT.
async fn stop_signal() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
