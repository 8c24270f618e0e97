//! Parallel work with results in order, in bounded memory.
//!
//! Scoped threads instead of a thread pool: they have ended when the call returns, and a sandbox can only be put
//! on a process that has no other threads yet.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Bytes of results that may wait for an earlier one.
const WINDOW: usize = 64 << 20;

struct State<R> {
    next_item: usize,
    next_result: usize,
    waiting: BTreeMap<usize, R>,
    waiting_bytes: usize,
    stopped: bool,
}

struct Shared<R> {
    state: Mutex<State<R>>,
    changed: Condvar,
}

impl<R> Shared<R> {
    fn lock(&self) -> MutexGuard<'_, State<R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the next item's number, once the results that wait leave room.
    fn next_item(&self, count: usize) -> Option<usize> {
        let mut state = self.lock();
        while !state.stopped && state.waiting_bytes > WINDOW && state.next_item != state.next_result {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.stopped || state.next_item == count {
            return None;
        }
        state.next_item += 1;
        Some(state.next_item - 1)
    }

    fn put(&self, position: usize, result: R, bytes: usize) {
        let mut state = self.lock();
        state.waiting.insert(position, result);
        state.waiting_bytes += bytes;
        self.changed.notify_all();
    }

    fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }

    /// Waits for the result at `next_result`; there is none if a worker panicked.
    fn take(&self, size: impl Fn(&R) -> usize) -> Option<R> {
        let mut state = self.lock();
        loop {
            let position = state.next_result;
            if let Some(result) = state.waiting.remove(&position) {
                state.next_result += 1;
                state.waiting_bytes -= size(&result);
                self.changed.notify_all();
                return Some(result);
            }
            if state.stopped {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Stops the work when the consumer is done with it or when a worker panics.
struct StopOnDrop<'a, R> {
    shared: &'a Shared<R>,
    only_on_panic: bool,
}

impl<R> Drop for StopOnDrop<'_, R> {
    fn drop(&mut self) {
        if !self.only_on_panic || std::thread::panicking() {
            self.shared.stop();
        }
    }
}

/// Maps `items` on all cores and hands the results to `consume` in the order of the items, on the calling thread.
///
/// `size` tells the bytes of a result that is kept until its turn comes. The first error stops everything.
pub(crate) fn map_in_order<T: Sync, R: Send, E: Send>(
    items: &[T],
    map: impl Fn(&T) -> Result<R, E> + Sync,
    size: impl Fn(&R) -> usize + Sync,
    mut consume: impl FnMut(&T, R) -> Result<(), E>,
) -> Result<(), E> {
    let state = State { next_item: 0, next_result: 0, waiting: BTreeMap::new(), waiting_bytes: 0, stopped: false };
    let shared: Shared<Result<R, E>> = Shared { state: Mutex::new(state), changed: Condvar::new() };
    let size = |result: &Result<R, E>| result.as_ref().map_or(0, &size);
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(items.len().max(1));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let _stop = StopOnDrop { shared: &shared, only_on_panic: true };
                while let Some(position) = shared.next_item(items.len()) {
                    let result = map(&items[position]);
                    let bytes = size(&result);
                    shared.put(position, result, bytes);
                }
            });
        }
        let _stop = StopOnDrop { shared: &shared, only_on_panic: false };
        for item in items {
            // Without a result, the scope is about to pass on a worker's panic.
            let Some(result) = shared.take(size) else { break };
            consume(item, result?)?;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let items: Vec<u64> = (0..500).collect();
        let mut seen = Vec::new();
        let slow_start = |n: &u64| {
            std::thread::sleep(std::time::Duration::from_micros(if n.is_multiple_of(7) { 300 } else { 1 }));
            Ok::<_, ()>(n * 2)
        };
        map_in_order(
            &items,
            slow_start,
            |_| 1 << 20,
            |item, result| {
                assert_eq!(result, item * 2);
                seen.push(*item);
                Ok(())
            },
        )
        .unwrap();
        assert_eq!(seen, items);
    }

    #[test]
    fn the_first_error_stops_the_work() {
        let items: Vec<u32> = (0..10_000).collect();
        let outcome = map_in_order(&items, |n| if *n == 5 { Err(*n) } else { Ok(*n) }, |_| 0, |_, _| Ok(()));
        assert_eq!(outcome, Err(5));
        let outcome = map_in_order(&items, |n| Ok(*n), |_| 0, |n, _| if *n == 3 { Err("full") } else { Ok(()) });
        assert_eq!(outcome, Err("full"));
        assert_eq!(map_in_order(&[] as &[u32], |n| Ok::<_, ()>(*n), |_| 0, |_, _| Ok(())), Ok(()));
    }
}
