//! The queue between those who ask and the workers.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

/// A queue with a limited number of places; many may put in and take out.
pub(super) struct Queue<T> {
    places: usize,
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    waiting: VecDeque<T>,
    /// Workers that wait for work.
    idle: usize,
    closed: bool,
}

/// What became of something that was put in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Put {
    /// It waits; no worker is idle for it.
    NoneIdle,
    /// It waits and a worker will take it at once.
    Taken,
    /// All places are taken.
    Full,
    /// The queue is closed: nobody will take it.
    Closed,
}

impl<T> Queue<T> {
    pub(super) fn new(places: usize) -> Self {
        Self {
            places,
            state: Mutex::new(State {
                waiting: VecDeque::new(),
                idle: 0,
                closed: false,
            }),
            changed: Condvar::new(),
        }
    }

    /// Puts something in.
    pub(super) fn put(&self, item: T) -> Put {
        let mut state = self.lock();
        if state.closed {
            return Put::Closed;
        }
        // What an idle worker is about to take needs no place.
        if state.waiting.len() >= self.places + state.idle {
            return Put::Full;
        }
        state.waiting.push_back(item);
        let put = if state.waiting.len() > state.idle {
            Put::NoneIdle
        } else {
            Put::Taken
        };
        record_waiting(state.waiting.len());
        drop(state);
        self.changed.notify_one();
        put
    }

    /// Waits for the next item; `None` when the queue is closed.
    pub(super) fn take(&self) -> Option<T> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            if let Some(item) = state.waiting.pop_front() {
                record_waiting(state.waiting.len());
                return Some(item);
            }
            state.idle += 1;
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
    }

    /// Lets the workers end after what they have in hand; what waits is dropped.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let dropped = std::mem::take(&mut state.waiting);
        drop(state);
        drop(dropped);
        self.changed.notify_all();
    }

    /// Nothing panics while the lock is held, so a poisoned one is as good as any.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a few hundred")]
fn record_waiting(count: usize) {
    metrics::gauge!("ocellus_ocr_queue_waiting").set(count as f64);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_leave_in_the_order_in_which_they_came() {
        let queue = Queue::new(2);
        assert_eq!(queue.put(1), Put::NoneIdle);
        assert_eq!(queue.put(2), Put::NoneIdle);
        assert_eq!(queue.put(3), Put::Full);
        assert_eq!((queue.take(), queue.take()), (Some(1), Some(2)));
        assert_eq!(queue.put(4), Put::NoneIdle);
    }

    #[test]
    fn a_closed_queue_lets_everybody_go_and_drops_what_waits() {
        let queue = Queue::new(2);
        queue.put(1);
        std::thread::scope(|scope| {
            queue.close();
            let waiting = scope.spawn(|| queue.take());
            assert_eq!(waiting.join().unwrap(), None);
        });
        assert_eq!(queue.put(2), Put::Closed);
    }
}
