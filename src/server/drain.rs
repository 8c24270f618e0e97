//! Draining: the server's end, as its connections see it.
//!
//! When the server drains, every response says that it is its connection's last. Connections without a request under
//! way are closed a moment later: what a client has just sent on one of them is still answered. A connection that has
//! not had a request yet has a little longer, since it was opened for one, and its client can't know better.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::task::Context;
use std::time::Duration;

use tokio::sync::watch;

/// How long connections without a request under way stay open when the server drains.
const GRACE: Duration = Duration::from_millis(250);

/// How long connections stay open that have not had a request yet.
const FIRST_GRACE: Duration = Duration::from_secs(1);

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
    /// So are those that have not had a request yet.
    Ending,
}

/// One connection's view of the server's end.
pub(crate) struct Drain {
    switch: DrainSwitch,
    /// Idle in this stage, the connection is closed; without one, only its timers close it.
    last: Option<Stage>,
    wake: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

/// The switch that starts draining, and the count of what is left. Cloning shares both.
#[derive(Clone)]
pub(crate) struct DrainSwitch {
    shared: Arc<Shared>,
}

struct Shared {
    /// To be read for every request.
    stage: AtomicU8,
    /// The same, to wait for. There are three, so that nobody is woken for a stage that he does not wait for.
    draining: watch::Sender<bool>,
    closing: watch::Sender<bool>,
    ending: watch::Sender<bool>,
    open: AtomicUsize,
}

impl DrainSwitch {
    pub(crate) fn new() -> Self {
        Self {
            shared: Arc::new(Shared {
                stage: AtomicU8::new(Stage::Serving as u8),
                draining: watch::Sender::new(false),
                closing: watch::Sender::new(false),
                ending: watch::Sender::new(false),
                open: AtomicUsize::new(0),
            }),
        }
    }

    /// A view for a new connection, which is counted as open while it has it.
    pub(crate) fn connection(&self) -> Drain {
        self.shared.open.fetch_add(1, Ordering::Relaxed);
        Drain { switch: self.clone(), last: Some(Stage::Ending), wake: None }
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
        self.reach(Stage::Draining);
    }

    fn reach(&self, stage: Stage) {
        self.shared.stage.store(stage as u8, Ordering::Relaxed);
        self.gong(stage).send_replace(true);
    }

    /// Waits for a stage.
    async fn reached(&self, stage: Stage) {
        let _ = self.gong(stage).subscribe().wait_for(|reached| *reached).await;
    }

    /// What is struck when a stage is reached.
    fn gong(&self, stage: Stage) -> &watch::Sender<bool> {
        match stage {
            Stage::Serving | Stage::Announced | Stage::Draining => &self.shared.draining,
            Stage::Closing => &self.shared.closing,
            Stage::Ending => &self.shared.ending,
        }
    }

    /// Waits until no connection is open, at most for `limit`; returns how many are left.
    pub(crate) async fn wait(&self, limit: Duration) -> usize {
        let start = std::time::Instant::now();
        loop {
            let open = self.open();
            if open == 0 || start.elapsed() >= limit {
                return open;
            }
            for (stage, grace) in [(Stage::Closing, GRACE), (Stage::Ending, FIRST_GRACE)] {
                if start.elapsed() >= grace && !self.has_reached(stage) {
                    self.reach(stage);
                }
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
    /// The connection has had a request, or its client knows in another way how it ends.
    pub(crate) fn settle(&mut self) {
        if self.last != Some(Stage::Closing) {
            self.last = Some(Stage::Closing);
            self.wake = None;
        }
    }

    /// The connection has only now come to its first request, which is waited for.
    pub(crate) fn insist(&mut self) {
        self.last = None;
    }

    /// The connection has to end, unless a request is under way.
    pub(crate) fn is_closing(&self) -> bool {
        self.last.is_some_and(|last| self.switch.has_reached(last))
    }

    /// Waits until responses are the last ones of their connections.
    pub(crate) async fn draining(&self) {
        self.switch.reached(Stage::Draining).await;
    }

    /// Waits until idle connections have to end.
    pub(crate) async fn closing(&self) {
        match self.last {
            Some(last) => self.switch.reached(last).await,
            None => std::future::pending().await,
        }
    }

    /// Somebody is woken when idle connections have to end.
    pub(crate) fn wakes(&self) -> bool {
        self.wake.is_some()
    }

    /// Has the task of `cx` woken when idle connections have to end.
    pub(crate) fn wake_when_closing(&mut self, cx: &mut Context<'_>) {
        if let (None, Some(last)) = (&self.wake, self.last) {
            let switch = self.switch.clone();
            let mut wake: Pin<Box<dyn Future<Output = ()> + Send>> =
                Box::pin(async move { switch.reached(last).await });
            // A connection stays with one task, so its waker is registered once and for all.
            let _ = wake.as_mut().poll(cx);
            self.wake = Some(wake);
        }
    }
}
