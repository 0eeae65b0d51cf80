//! One at a time for each key.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError, Weak},
};
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

/// Lets one caller at a time work on a key, so that the next finds the work done.
pub(super) struct InFlight<K> {
    turns: Mutex<HashMap<K, Weak<AsyncMutex<()>>>>,
}

impl<K: Eq + Hash> InFlight<K> {
    pub(super) fn new() -> Self {
        Self {
            turns: Mutex::new(HashMap::new()),
        }
    }

    /// Waits for its turn, which lasts until the guard is dropped.
    pub(super) async fn turn(&self, key: K) -> OwnedMutexGuard<()> {
        self.mutex_of(key).lock_owned().await
    }

    fn mutex_of(&self, key: K) -> Arc<AsyncMutex<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.retain(|_, turn| turn.strong_count() > 0);
        if let Some(turn) = turns.get(&key).and_then(Weak::upgrade) {
            return turn;
        }
        let turn = Arc::new(AsyncMutex::new(()));
        turns.insert(key, Arc::downgrade(&turn));
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[tokio::test]
    async fn the_second_caller_of_a_key_waits_for_the_first_and_other_keys_do_not() {
        let in_flight = InFlight::new();
        let first = in_flight.turn("a").await;
        assert!(in_flight.turn("a").now_or_never().is_none());
        assert!(in_flight.turn("b").now_or_never().is_some());
        drop(first);
        assert!(in_flight.turn("a").now_or_never().is_some());
    }

    #[tokio::test]
    async fn keys_that_nobody_works_on_are_forgotten() {
        let in_flight = InFlight::new();
        for key in 0..100 {
            drop(in_flight.turn(key).await);
        }
        let _last = in_flight.turn(100).await;
        assert_eq!(in_flight.turns.lock().expect("unpoisoned").len(), 1);
    }
}
