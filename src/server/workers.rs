//! Worker threads: each serves the connections that it is given on a runtime of its own.
//!
//! actix-server's workers drop what was accepted but not begun when they are told to stop; these serve it, and they
//! can be asked whether they still turn.

use std::cell::Cell;
use std::rc::Rc;
use std::thread;

use anyhow::{Context, Result, anyhow};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::connection::Acceptor;
use super::drain::Drain;
use super::socket::Accepted;

/// A connection that was accepted.
pub(super) struct Arrival {
    pub(super) socket: Accepted,
    /// Which acceptor serves it.
    pub(super) acceptor: usize,
    /// It counts as open from the moment when it was accepted.
    pub(super) drain: Drain,
    /// One of the places that there are for connections.
    pub(super) place: OwnedSemaphorePermit,
}

enum Task {
    Serve(Arrival),
    /// Asks whether the worker turns.
    Respond(oneshot::Sender<()>),
}

/// The worker threads, which take turns.
pub(super) struct Workers {
    queues: Vec<mpsc::UnboundedSender<Task>>,
    next: Cell<usize>,
}

impl Workers {
    /// Starts threads; each can serve for any of the acceptors.
    ///
    /// # Errors
    /// A thread that can't be started.
    pub(super) async fn start(count: usize, acceptors: &[Acceptor]) -> Result<Rc<Self>> {
        let mut queues = Vec::with_capacity(count);
        for number in 0..count {
            let (queue, tasks) = mpsc::unbounded_channel();
            let acceptors = acceptors.to_vec();
            let work = move || match actix_rt::Runtime::new() {
                Ok(runtime) => runtime.block_on(work(acceptors, tasks)),
                Err(error) => log::error!("a worker can't be started: {error}"),
            };
            let name = format!("worker {number}");
            thread::Builder::new().name(name).spawn(work).context("starting a worker thread")?;
            queues.push(queue);
        }
        let workers = Self { queues, next: Cell::new(0) };
        workers.respond().await?;
        Ok(Rc::new(workers))
    }

    /// Has the next worker serve a connection.
    pub(super) fn serve(&self, arrival: Arrival) {
        let mut task = Task::Serve(arrival);
        for _ in 0..self.queues.len() {
            let next = self.next.get();
            self.next.set((next + 1) % self.queues.len());
            match self.queues[next].send(task) {
                Ok(()) => return,
                Err(mpsc::error::SendError(refused)) => {
                    log::error!("worker {next} has ended");
                    task = refused;
                }
            }
        }
    }

    /// Returns when every worker has responded; each does as soon as it turns.
    ///
    /// # Errors
    /// A worker that has ended.
    pub(super) async fn respond(&self) -> Result<()> {
        let ask = |queue: &mpsc::UnboundedSender<Task>| {
            let (answer, answered) = oneshot::channel();
            let _ = queue.send(Task::Respond(answer));
            answered
        };
        for (number, answered) in self.queues.iter().map(ask).collect::<Vec<_>>().into_iter().enumerate() {
            answered.await.map_err(|_| anyhow!("worker {number} has ended"))?;
        }
        Ok(())
    }
}

/// What a worker does.
async fn work(acceptors: Vec<Acceptor>, mut tasks: mpsc::UnboundedReceiver<Task>) {
    let mut services = Vec::with_capacity(acceptors.len());
    for acceptor in acceptors {
        let Some(service) = acceptor.connections().await else { return };
        services.push(service);
    }
    while let Some(task) = tasks.recv().await {
        match task {
            Task::Serve(Arrival { socket, acceptor, drain, place }) => {
                let service = Rc::clone(&services[acceptor]);
                actix_rt::spawn(async move {
                    let _place = place;
                    service.serve(socket, drain).await;
                });
            }
            Task::Respond(answer) => {
                let _ = answer.send(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// The watchdog's signs of life stop when one thread is stuck, though the others turn.
    #[test]
    fn workers_respond_only_if_every_one_turns() {
        actix_rt::Runtime::new().unwrap().block_on(async {
            let workers = Workers::start(2, &[]).await.unwrap();
            workers.respond().await.unwrap();
            let (stuck, _tasks) = mpsc::unbounded_channel();
            let queues = workers.queues.iter().cloned().chain([stuck]).collect();
            let workers = Workers { queues, next: Cell::new(0) };
            assert!(tokio::time::timeout(Duration::from_millis(100), workers.respond()).await.is_err());
            let (ended, _) = mpsc::unbounded_channel();
            let workers = Workers { queues: vec![ended], next: Cell::new(0) };
            assert!(workers.respond().await.is_err());
        });
    }
}
