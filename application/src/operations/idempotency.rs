//! Idempotency keys: a repeated request gets the stored response of the first.

use crate::{Context, Error};
use chrono::TimeDelta;
use domain::{
    operations::{IdempotencyKey, KeyState, StoredResponse},
    store::{Conflict, StoreError, Transaction},
};
use std::time::Duration;
use uuid::Uuid;

/// How long a request holds its key. After that a repetition can take the key over.
const PENDING_FOR: TimeDelta = TimeDelta::seconds(60);
/// How often a repetition checks whether the first request has ended.
const MAX_POLLS: u32 = 300;
/// The time between two checks.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// How long a response is stored.
const RETENTION: TimeDelta = TimeDelta::hours(24);

/// The result of [`Idempotency::acquire`].
#[derive(Debug, PartialEq, Eq)]
pub enum Acquisition {
    /// The request holds the key under this attempt and must be executed.
    Acquired(Uuid),
    /// The request was executed before, with this response.
    Completed(StoredResponse),
}

/// The idempotency keys of users.
pub struct Idempotency {
    context: Context,
}

impl Idempotency {
    /// Creates the service.
    pub fn new(context: Context) -> Self {
        Self { context }
    }

    /// Acquires the key, or returns the stored response. Waits while another request holds the key.
    ///
    /// [`Error::StillPending`] if that takes longer than 30 seconds.
    pub async fn acquire(&self, key: &IdempotencyKey) -> Result<Acquisition, Error> {
        let attempt = self.context.new_id();
        for _ in 0..MAX_POLLS {
            match self.try_acquire(key, attempt).await? {
                KeyState::Acquired => return Ok(Acquisition::Acquired(attempt)),
                KeyState::Completed(response) => return Ok(Acquisition::Completed(response)),
                KeyState::Pending => tokio::time::sleep(POLL_INTERVAL).await,
            }
        }
        Err(Error::StillPending)
    }

    async fn try_acquire(&self, key: &IdempotencyKey, attempt: Uuid) -> Result<KeyState, Error> {
        let now = self.context.now();
        let until = now + PENDING_FOR;
        let acquired = self
            .context
            .transact(|tx| {
                Box::pin(async move { tx.idempotency_keys().acquire(key, attempt, now, until).await })
            })
            .await;
        match acquired {
            Err(StoreError::Conflict(Conflict::IdempotencyKey)) => Ok(KeyState::Pending),
            Err(StoreError::OwnerDeleted) => Err(Error::Unauthenticated),
            state => Ok(state?),
        }
    }

    /// Stores the response of a request that was rejected and had no effect.
    pub async fn store_rejection(
        &self,
        key: &IdempotencyKey,
        attempt: Uuid,
        response: &StoredResponse,
    ) -> Result<(), Error> {
        self.context
            .transact(|tx| {
                Box::pin(async move {
                    // If a later attempt took the key over, its response counts.
                    tx.idempotency_keys()
                        .store_response(key, attempt, response)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Releases the key after a failure that a repetition may not meet.
    pub async fn release(&self, key: &IdempotencyKey, attempt: Uuid) -> Result<(), Error> {
        self.context
            .transact(|tx| Box::pin(async move { Ok(tx.idempotency_keys().release(key, attempt).await?) }))
            .await
    }

    /// Deletes keys that are older than a day and returns their number.
    pub async fn delete_expired(&self) -> Result<u64, Error> {
        let moment = self.context.now() + -RETENTION;
        self.context
            .transact(|tx| {
                Box::pin(async move { Ok(tx.idempotency_keys().delete_acquired_before(moment).await?) })
            })
            .await
    }
}

/// Turns the result of an operation into the response to store.
type Respond<T> = Box<dyn Fn(&T) -> StoredResponse + Send + Sync>;

/// A request that holds an idempotency key. The operation stores its response in the commit that does the work, so that
/// there is never one without the other.
pub struct IdempotencyGuard<T> {
    key: IdempotencyKey,
    attempt: Uuid,
    respond: Respond<T>,
}

impl<T> IdempotencyGuard<T> {
    /// Creates the guard of an attempt. `respond` is called just before the commit.
    pub fn new(
        key: IdempotencyKey,
        attempt: Uuid,
        respond: impl Fn(&T) -> StoredResponse + Send + Sync + 'static,
    ) -> Self {
        Self {
            key,
            attempt,
            respond: Box::new(respond),
        }
    }
}

/// Stores the response to `result` in the transaction, if the request has a key.
///
/// [`Error::IdempotencyConflict`] if a repetition took the key over, because the request took too long.
pub(crate) async fn store_response<T>(
    guard: Option<&IdempotencyGuard<T>>,
    tx: &dyn Transaction,
    result: &T,
) -> Result<(), Error> {
    let Some(guard) = guard else {
        return Ok(());
    };
    let response = (guard.respond)(result);
    let stored = tx
        .idempotency_keys()
        .store_response(&guard.key, guard.attempt, &response)
        .await?;
    stored.then_some(()).ok_or(Error::IdempotencyConflict)
}

#[cfg(test)]
#[path = "idempotency_tests.rs"]
mod tests;
