//! Idempotency keys and the responses stored under them.

use super::{
    SqlRepositories,
    entities::kept_answers::{ActiveModel, Column, Entity, Model},
    error::{CorruptRow, new_row_error, store_error},
};
use async_trait::async_trait;
use domain::{
    clock::Timestamp,
    images::Sha256Digest,
    operations::{IdempotencyKey, IdempotencyRepository, KeyState, StoredResponse},
    store::{Conflict, StoreError},
};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

fn digest(key: &IdempotencyKey) -> Vec<u8> {
    Sha256::digest(key.as_str()).to_vec()
}

fn of(key: &IdempotencyKey) -> Condition {
    Condition::all()
        .add(Column::UserId.eq(key.user.0))
        .add(Column::Operation.eq(key.operation))
        .add(Column::KeyDigest.eq(digest(key)))
}

/// The condition that the attempt holds the key and has no response yet.
fn held(key: &IdempotencyKey, attempt: Uuid) -> Condition {
    of(key)
        .add(Column::Attempt.eq(attempt))
        .add(Column::Status.is_null())
}

/// Returns the response of a row, or `None` while the request is pending.
fn read(row: Model) -> Result<Option<StoredResponse>, CorruptRow> {
    let corrupt = |column| CorruptRow {
        table: "kept_answers",
        column,
    };
    let Some(status) = row.status else {
        return Ok(None);
    };
    let digest = row.request_digest.and_then(|digest| digest.try_into().ok());
    Ok(Some(StoredResponse {
        request_digest: Sha256Digest(digest.ok_or(corrupt("request_digest"))?),
        status: status.try_into().map_err(|_| corrupt("status"))?,
        location: row.location,
        body: row.body.ok_or(corrupt("body"))?,
    }))
}

#[async_trait]
impl IdempotencyRepository for SqlRepositories<DatabaseTransaction> {
    async fn acquire(
        &self,
        key: &IdempotencyKey,
        attempt: Uuid,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<KeyState, StoreError> {
        let acquired = ActiveModel {
            user_id: Set(key.user.0),
            operation: Set(key.operation.to_owned()),
            key_digest: Set(digest(key)),
            attempt: Set(attempt),
            begun_at: Set(now.to_utc()),
            pending_until: Set(Some(until.to_utc())),
            request_digest: Set(None),
            status: Set(None),
            location: Set(None),
            body: Set(None),
        };
        let select = Entity::find().filter(of(key)).lock_exclusive();
        let Some(row) = select.one(&self.connection).await.map_err(store_error)? else {
            let insert = Entity::insert(acquired).exec_without_returning(&self.connection);
            let inserted = insert.await;
            inserted.map_err(|error| new_row_error(error, Conflict::IdempotencyKey))?;
            return Ok(KeyState::Acquired);
        };
        let (before, pending_until) = (row.attempt, row.pending_until);
        if let Some(response) = read(row)? {
            return Ok(KeyState::Completed(response));
        }
        if pending_until.is_some_and(|end| end > now.to_utc()) {
            return Ok(KeyState::Pending);
        }
        let take_over = Entity::update_many()
            .set(ActiveModel {
                attempt: acquired.attempt,
                pending_until: acquired.pending_until,
                ..ActiveModel::default()
            })
            .filter(held(key, before))
            .exec(&self.connection);
        match take_over.await.map_err(store_error)?.rows_affected {
            0 => Err(StoreError::Conflict(Conflict::IdempotencyKey)),
            _ => Ok(KeyState::Acquired),
        }
    }

    async fn store_response(
        &self,
        key: &IdempotencyKey,
        attempt: Uuid,
        response: &StoredResponse,
    ) -> Result<bool, StoreError> {
        let update = Entity::update_many()
            .set(ActiveModel {
                pending_until: Set(None),
                request_digest: Set(Some(response.request_digest.0.to_vec())),
                status: Set(Some(response.status.into())),
                location: Set(response.location.clone()),
                body: Set(Some(response.body.clone())),
                user_id: NotSet,
                operation: NotSet,
                key_digest: NotSet,
                attempt: NotSet,
                begun_at: NotSet,
            })
            .filter(held(key, attempt))
            .exec(&self.connection);
        Ok(update.await.map_err(store_error)?.rows_affected > 0)
    }

    async fn release(&self, key: &IdempotencyKey, attempt: Uuid) -> Result<(), StoreError> {
        let delete = Entity::delete_many()
            .filter(held(key, attempt))
            .exec(&self.connection);
        delete.await.map_err(store_error)?;
        Ok(())
    }

    async fn delete_acquired_before(&self, moment: Timestamp) -> Result<u64, StoreError> {
        let delete = Entity::delete_many()
            .filter(Column::BegunAt.lt(moment.to_utc()))
            .exec(&self.connection);
        Ok(delete.await.map_err(store_error)?.rows_affected)
    }
}
