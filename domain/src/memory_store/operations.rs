use super::Repositories;
use crate::{
    clock::Timestamp,
    operations::{IdempotencyKey, IdempotencyRepository, KeyState, StoredResponse},
    store::StoreError,
};
use async_trait::async_trait;
use uuid::Uuid;

/// An idempotency key with the attempt that holds it.
#[derive(Clone)]
pub(super) struct KeyRow {
    pub(super) key: IdempotencyKey,
    attempt: Uuid,
    acquired_at: Timestamp,
    pending_until: Timestamp,
    response: Option<StoredResponse>,
}

#[async_trait]
impl IdempotencyRepository for Repositories {
    async fn acquire(
        &self,
        key: &IdempotencyKey,
        attempt: Uuid,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<KeyState, StoreError> {
        let mut state = self.state();
        state.require_user(key.user)?;
        let Some(row) = state.idempotency_keys.iter_mut().find(|row| row.key == *key) else {
            state.idempotency_keys.push(KeyRow {
                key: key.clone(),
                attempt,
                acquired_at: now,
                pending_until: until,
                response: None,
            });
            return Ok(KeyState::Acquired);
        };
        if let Some(response) = &row.response {
            return Ok(KeyState::Completed(response.clone()));
        }
        if row.pending_until > now {
            return Ok(KeyState::Pending);
        }
        row.attempt = attempt;
        row.pending_until = until;
        Ok(KeyState::Acquired)
    }

    async fn store_response(
        &self,
        key: &IdempotencyKey,
        attempt: Uuid,
        response: &StoredResponse,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        let mut rows = state.idempotency_keys.iter_mut();
        let held = rows.find(|row| row.key == *key && row.attempt == attempt && row.response.is_none());
        Ok(held.map(|row| row.response = Some(response.clone())).is_some())
    }

    async fn release(&self, key: &IdempotencyKey, attempt: Uuid) -> Result<(), StoreError> {
        let held = |row: &KeyRow| row.key == *key && row.attempt == attempt && row.response.is_none();
        self.state().idempotency_keys.retain(|row| !held(row));
        Ok(())
    }

    async fn delete_acquired_before(&self, moment: Timestamp) -> Result<u64, StoreError> {
        let mut state = self.state();
        let before = state.idempotency_keys.len();
        state.idempotency_keys.retain(|row| row.acquired_at >= moment);
        Ok((before - state.idempotency_keys.len()) as u64)
    }
}
