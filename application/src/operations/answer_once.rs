//! Doing what is asked with an idempotency key once.

use crate::Error;
use chrono::TimeDelta;
use domain::{
    clock::Clock,
    ids::IdGenerator,
    operations::{IdempotencyKey, KeyState, StoredResponse},
    store::{Conflict, Store, StoreError},
};
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

/// How long a request has its key to itself. One that takes longer, or whose process died, can be taken over.
const PENDING_FOR: TimeDelta = TimeDelta::seconds(60);
/// How long a repetition waits for the first request, in looks.
const LOOKS: u32 = 300;
/// The time between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What to do with a request that has a key.
#[derive(Debug, PartialEq, Eq)]
pub enum Turn {
    /// It is the first: do it, under this attempt.
    First(Uuid),
    /// It was answered before, with this.
    Repeated(StoredResponse),
}

/// Tells first requests from repetitions.
pub struct Idempotency {
    /// Where answers are kept.
    pub store: Arc<dyn Store>,
    /// How long a key is taken.
    pub clock: Arc<dyn Clock>,
    /// Names attempts.
    pub ids: Arc<dyn IdGenerator>,
}

impl Idempotency {
    /// Takes the key, or finds what was answered; waits for a request with the key that is being worked on.
    /// [`Error::StillPending`] when that takes longer than half a minute.
    pub async fn begin(&self, key: &IdempotencyKey) -> Result<Turn, Error> {
        let attempt = self.ids.next();
        for _ in 0..LOOKS {
            match self.try_begin(key, attempt).await? {
                KeyState::Acquired => return Ok(Turn::First(attempt)),
                KeyState::Completed(answer) => return Ok(Turn::Repeated(answer)),
                KeyState::Pending => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
        Err(Error::StillPending)
    }

    async fn try_begin(&self, key: &IdempotencyKey, attempt: Uuid) -> Result<KeyState, Error> {
        let now = self.clock.now();
        let unit = self.store.begin().await?;
        match unit
            .idempotency_keys()
            .begin(key, attempt, now, now + PENDING_FOR)
            .await
        {
            Ok(KeyState::Acquired) => {
                unit.commit().await?;
                Ok(KeyState::Acquired)
            }
            Ok(begun) => Ok(begun),
            Err(StoreError::Conflict(Conflict::IdempotencyKey)) => Ok(KeyState::Pending),
            Err(StoreError::OwnerDeleted) => Err(Error::Unauthenticated),
            Err(error) => Err(error.into()),
        }
    }

    /// Keeps the refusal of a request, which changed nothing and will be refused again.
    pub async fn keep_refusal(
        &self,
        key: &IdempotencyKey,
        attempt: Uuid,
        answer: &StoredResponse,
    ) -> Result<(), Error> {
        let unit = self.store.begin().await?;
        // An attempt that lost its key is answered all the same: nothing was done.
        unit.idempotency_keys().keep(key, attempt, answer).await?;
        unit.commit().await?;
        Ok(())
    }

    /// Gives the key back: the request came to no answer that would be the same again.
    pub async fn give_up(&self, key: &IdempotencyKey, attempt: Uuid) -> Result<(), Error> {
        let unit = self.store.begin().await?;
        unit.idempotency_keys().give_up(key, attempt).await?;
        unit.commit().await?;
        Ok(())
    }
}

#[cfg(test)]
#[path = "answer_once_tests.rs"]
mod tests;
