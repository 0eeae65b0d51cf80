//! What running the service needs from outside.

use super::{IdempotencyKey, KeyState, StoredResponse};
use crate::{BoxError, clock::Timestamp, store::StoreError};
use async_trait::async_trait;
use uuid::Uuid;

/// A part of the service that can fail on its own.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait HealthProbe: Send + Sync {
    /// Does the least that shows the part to work.
    async fn probe(&self) -> Result<(), BoxError>;
}

/// Answers to requests with idempotency keys. Everything that changes a row belongs in a unit of work.
#[async_trait]
pub trait IdempotencyRepository: Send + Sync {
    /// Takes the key for one attempt at answering, until `until`, when nobody has it at `now` and no answer is kept.
    /// [`Conflict::IdempotencyKey`](crate::store::Conflict) when another request takes it at the same moment,
    /// [`StoreError::OwnerDeleted`] when the user is gone.
    async fn begin(
        &self,
        key: &IdempotencyKey,
        attempt: Uuid,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<KeyState, StoreError>;
    /// Keeps the answer; false, and nothing is kept, when the attempt lost the key to a later one.
    async fn keep(
        &self,
        key: &IdempotencyKey,
        attempt: Uuid,
        answer: &StoredResponse,
    ) -> Result<bool, StoreError>;
    /// Gives the key back without an answer, unless the attempt lost it.
    async fn give_up(&self, key: &IdempotencyKey, attempt: Uuid) -> Result<(), StoreError>;
    /// Forgets keys that were first taken before `moment`; how many there were.
    async fn delete_acquired_before(&self, moment: Timestamp) -> Result<u64, StoreError>;
}
