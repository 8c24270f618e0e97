//! Draining: the server's end, as its connections see it.
//!
//! When the server drains, every response says that it is its connection's last. Connections without a request under
//! way are closed a moment later: what a client has just sent on one of them is still answered.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::task::Context;
use std::time::Duration;

use tokio::sync::watch;

/// How long connections without a request under way stay open when the server drains.
const GRACE: Duration = Duration::from_millis(250);

/// How far the end is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Serving,
    /// The end was asked for; everything goes on for a while, so that load balancers learn of it.
    Announced,
    /// Responses are the last ones of their connections.
    Draining,
    /// Idle connections are closed, too.
    Closing,
}

/// One connection's view of the server's end.
pub(crate) struct Drain {
    switch: DrainSwitch,
    wake: Option<Pin<Box<dyn Future<Output = ()>>>>,
}

/// The switch that starts draining, and the count of what is left. Cloning shares both.
#[derive(Clone)]
pub(crate) struct DrainSwitch {
    shared: Arc<Shared>,
}

struct Shared {
    /// To be read for every request.
    stage: AtomicU8,
    /// The same, to wait for. There are two, so that nobody is woken for a stage that he does not wait for.
    draining: watch::Sender<bool>,
    closing: watch::Sender<bool>,
    open: AtomicUsize,
}

impl DrainSwitch {
    pub(crate) fn new() -> Self {
        Self {
            shared: Arc::new(Shared {
                stage: AtomicU8::new(Stage::Serving as u8),
                draining: watch::Sender::new(false),
                closing: watch::Sender::new(false),
                open: AtomicUsize::new(0),
            }),
        }
    }

    /// A view for a new connection, which is counted as open while it has it.
    pub(crate) fn connection(&self) -> Drain {
        self.shared.open.fetch_add(1, Ordering::Relaxed);
        Drain { switch: self.clone(), wake: None }
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.has_reached(Stage::Draining)
    }

    fn has_reached(&self, stage: Stage) -> bool {
        self.shared.stage.load(Ordering::Relaxed) >= stage as u8
    }

    /// The number of open connections.
    pub(crate) fn open(&self) -> usize {
        self.shared.open.load(Ordering::Acquire)
    }

    /// Says that the end was asked for.
    pub(crate) fn announce(&self) {
        self.shared.stage.fetch_max(Stage::Announced as u8, Ordering::Relaxed);
    }

    pub(crate) fn is_announced(&self) -> bool {
        self.has_reached(Stage::Announced)
    }

    /// Tells every connection to end after its next response.
    pub(crate) fn drain(&self) {
        self.shared.stage.store(Stage::Draining as u8, Ordering::Relaxed);
        self.shared.draining.send_replace(true);
    }

    /// Tells connections without a request under way to end.
    fn close_idle(&self) {
        self.shared.stage.store(Stage::Closing as u8, Ordering::Relaxed);
        self.shared.closing.send_replace(true);
    }

    async fn closing(&self) {
        let _ = self.shared.closing.subscribe().wait_for(|closing| *closing).await;
    }

    /// Waits until no connection is open, at most for `limit`; returns how many are left.
    pub(crate) async fn wait(&self, limit: Duration) -> usize {
        let start = std::time::Instant::now();
        loop {
            let open = self.open();
            if open == 0 || start.elapsed() >= limit {
                return open;
            }
            if start.elapsed() >= GRACE && !self.has_reached(Stage::Closing) {
                self.close_idle();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Drain {
    fn drop(&mut self) {
        self.switch.shared.open.fetch_sub(1, Ordering::Release);
    }
}

impl Drain {
    /// The connection has to end, unless a request is under way.
    pub(crate) fn is_closing(&self) -> bool {
        self.switch.has_reached(Stage::Closing)
    }

    /// Waits until responses are the last ones of their connections.
    pub(crate) async fn draining(&self) {
        let _ = self.switch.shared.draining.subscribe().wait_for(|draining| *draining).await;
    }

    /// Waits until idle connections have to end.
    pub(crate) async fn closing(&self) {
        self.switch.closing().await;
    }

    /// Somebody is woken when idle connections have to end.
    pub(crate) fn wakes(&self) -> bool {
        self.wake.is_some()
    }

    /// Has the task of `cx` woken when idle connections have to end.
    pub(crate) fn wake_when_closing(&mut self, cx: &mut Context<'_>) {
        if self.wake.is_none() {
            let switch = self.switch.clone();
            let mut wake: Pin<Box<dyn Future<Output = ()>>> = Box::pin(async move { switch.closing().await });
            // A connection stays with one task, so its waker is registered once and for all.
            let _ = wake.as_mut().poll(cx);
            self.wake = Some(wake);
        }
    }
}
