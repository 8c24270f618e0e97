//! A timer whose deadline moves all the time: arming the runtime's timer anew for every request would cost more than
//! looking whether it fired too early.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use tokio::time::{Sleep, sleep_until};

/// Fires at the deadline that the last poll named.
#[derive(Default)]
pub(crate) struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Timer {
    /// The timer will wake the task that polled it last, at `deadline` or before.
    pub(crate) fn wakes_by(&self, deadline: Instant) -> bool {
        self.sleep.as_ref().is_some_and(|sleep| !sleep.is_elapsed() && sleep.deadline() <= deadline.into())
    }

    /// Ready when `deadline` is over.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(deadline.into())));
        if sleep.deadline() > deadline.into() {
            sleep.as_mut().reset(deadline.into());
        }
        loop {
            ready!(sleep.as_mut().poll(cx));
            if sleep.deadline() >= deadline.into() {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline.into());
        }
    }
}
