//! Draining: when the server is told to stop, idle connections learn of it at once.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Context;
use std::time::Duration;

use tokio::sync::watch;

/// One connection's view of the server's wish to stop.
pub(crate) struct Drain {
    draining: Arc<AtomicBool>,
    state: watch::Receiver<bool>,
    wake: Option<Pin<Box<dyn Future<Output = ()>>>>,
    _open: Open,
}

/// Counts a connection for as long as it lives.
struct Open(Arc<AtomicUsize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Release);
    }
}

/// The switch that starts draining, and the count of what is left. Cloning shares both.
#[derive(Clone)]
pub(crate) struct DrainSwitch {
    /// What `state` says, to be read for every request.
    draining: Arc<AtomicBool>,
    state: watch::Sender<bool>,
    open: Arc<AtomicUsize>,
}

impl DrainSwitch {
    pub(crate) fn new() -> Self {
        Self { draining: Arc::default(), state: watch::Sender::new(false), open: Arc::default() }
    }

    /// A view for a new connection.
    pub(crate) fn connection(&self) -> Drain {
        self.open.fetch_add(1, Ordering::Relaxed);
        Drain {
            draining: Arc::clone(&self.draining),
            state: self.state.subscribe(),
            wake: None,
            _open: Open(Arc::clone(&self.open)),
        }
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Tells every connection to end after its current response.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
        self.state.send_replace(true);
    }

    /// Waits until no connection is open, at most for `limit`; returns how many are left.
    pub(crate) async fn wait(&self, limit: Duration) -> usize {
        let start = std::time::Instant::now();
        loop {
            let open = self.open.load(Ordering::Acquire);
            if open == 0 || start.elapsed() >= limit {
                return open;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drain {
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Has the task of `cx` woken when draining starts.
    pub(crate) fn wake_when_draining(&mut self, cx: &mut Context<'_>) {
        if self.wake.is_none() {
            let mut state = self.state.clone();
            let mut wake: Pin<Box<dyn Future<Output = ()>>> = Box::pin(async move {
                let _ = state.wait_for(|draining| *draining).await;
            });
            // A connection stays with one task, so its waker is registered once and for all.
            let _ = wake.as_mut().poll(cx);
            self.wake = Some(wake);
        }
    }
}
