//! Ports of operations.

use super::{IdempotencyKey, KeyState, StoredResponse};
use crate::{BoxError, clock::Timestamp, store::StoreError};
use async_trait::async_trait;
use uuid::Uuid;

/// Checks one dependency of the service.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait HealthProbe: Send + Sync {
    /// Runs the cheapest operation that shows that the dependency works.
    async fn probe(&self) -> Result<(), BoxError>;
}

/// Idempotency keys and the responses that are stored under them.
#[async_trait]
pub trait IdempotencyRepository: Send + Sync {
    /// Acquires the key for one attempt until `until`, unless another attempt holds it at `now` or a response is stored.
    ///
    /// # Errors
    ///
    /// [`Conflict::IdempotencyKey`](crate::store::Conflict) if another request acquires it at the same time,
    /// [`StoreError::OwnerDeleted`] if the user was deleted.
    async fn acquire(
        &self,
        key: &IdempotencyKey,
        attempt: Uuid,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<KeyState, StoreError>;
    /// Stores the response of the attempt. Returns `false`, and stores nothing, if a later attempt took the key over.
    async fn store_response(
        &self,
        key: &IdempotencyKey,
        attempt: Uuid,
        response: &StoredResponse,
    ) -> Result<bool, StoreError>;
    /// Releases the key without a response, unless a later attempt took it over.
    async fn release(&self, key: &IdempotencyKey, attempt: Uuid) -> Result<(), StoreError>;
    /// Deletes keys that were first acquired before `moment` and returns their number.
    async fn delete_acquired_before(&self, moment: Timestamp) -> Result<u64, StoreError>;
}
