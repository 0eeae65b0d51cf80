//! The memory that decoding may take, shared by everything that decodes.

use super::DecodeLimits;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Memory that all decoding of a process shares. Whoever needs some waits until it is free, first come first served, so
/// that a large image is not passed by small ones forever. Clones share the same memory.
#[derive(Debug, Clone)]
pub struct DecodeBudget {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    total: u64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    free: u64,
    next_ticket: u64,
    served: u64,
}

impl DecodeBudget {
    /// Three bytes for every pixel of the largest page: one colour image of that size, or many smaller ones at once.
    pub fn new(limits: &DecodeLimits) -> Self {
        Self::of_bytes(limits.max_pixels.saturating_mul(3))
    }

    /// A budget of `total` bytes.
    pub fn of_bytes(total: u64) -> Self {
        Self {
            shared: Arc::new(Shared {
                total,
                state: Mutex::new(State {
                    free: total,
                    next_ticket: 0,
                    served: 0,
                }),
                changed: Condvar::new(),
            }),
        }
    }

    /// All bytes, free or not.
    pub fn total(&self) -> u64 {
        self.shared.total
    }

    /// Takes `bytes`, waiting for its turn: blocks the thread, so this is for blocking threads only. Never wait while
    /// holding another reservation. `None` when there will never be that many.
    pub fn reserve(&self, bytes: u64) -> Option<Reservation> {
        if bytes > self.shared.total {
            return None;
        }
        let mut state = self.shared.lock();
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        while state.served != ticket || state.free < bytes {
            state = self
                .shared
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.served += 1;
        state.free -= bytes;
        drop(state);
        // The next one in the row may fit too.
        self.shared.changed.notify_all();
        Some(Reservation {
            shared: Arc::clone(&self.shared),
            bytes,
        })
    }
}

impl Shared {
    /// The counters are changed without anything that could panic in between, so a poisoned lock is as good as any.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give_back(&self, bytes: u64) {
        self.lock().free += bytes;
        self.changed.notify_all();
    }
}

/// A share of a [`DecodeBudget`], given back on drop.
#[derive(Debug)]
pub struct Reservation {
    shared: Arc<Shared>,
    bytes: u64,
}

impl Reservation {
    /// Gives back what is more than `bytes`.
    pub fn shrink_to(&mut self, bytes: u64) {
        let excess = self.bytes.saturating_sub(bytes);
        self.bytes -= excess;
        self.shared.give_back(excess);
    }

    /// How many bytes are taken.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.shared.give_back(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn more_than_everything_is_never_given() {
        let budget = DecodeBudget::of_bytes(10);
        assert!(budget.reserve(11).is_none());
        assert_eq!(
            budget.reserve(10).map(|reservation| reservation.bytes()),
            Some(10)
        );
        assert_eq!(budget.total(), 10);
    }

    #[test]
    fn who_comes_first_is_served_first_as_soon_as_there_is_room() {
        let budget = DecodeBudget::of_bytes(10);
        let mut held = budget.reserve(8).unwrap();
        let (served, order) = mpsc::channel();
        let waiters: Vec<_> = [6, 1]
            .into_iter()
            .enumerate()
            .map(|(place, bytes)| {
                let (waiting, served) = (budget.clone(), served.clone());
                let thread = std::thread::spawn(move || {
                    let reservation = waiting.reserve(bytes);
                    served.send(bytes).unwrap();
                    drop(reservation);
                });
                // The next one comes only when this one stands in the row.
                while budget.shared.lock().next_ticket != place as u64 + 2 {
                    std::thread::yield_now();
                }
                thread
            })
            .collect();
        assert!(order.try_recv().is_err(), "even the small one waits its turn");
        held.shrink_to(4);
        for waiter in waiters {
            waiter.join().unwrap();
        }
        let mut served: Vec<_> = order.try_iter().collect();
        served.sort_unstable();
        assert_eq!(served, [1, 6]);
        drop(held);
        assert_eq!(budget.shared.lock().free, 10);
    }
}
