//! Codes that were mailed.

use super::{
    SqlRepositories,
    entities::codes::{ActiveModel, Column, Entity, Model},
    error::{CorruptRow, store_error},
};
use async_trait::async_trait;
use domain::{
    accounts::{CodePurpose, CodeRepository, IssuedCode, PasswordHash},
    clock::Timestamp,
    ids::{CodeId, UserId},
    store::StoreError,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter,
    sea_query::{Expr, ExprTrait, OnConflict},
};

fn read(row: Model) -> Result<IssuedCode, CorruptRow> {
    let corrupt = |column| CorruptRow {
        table: "codes",
        column,
    };
    Ok(IssuedCode {
        id: CodeId(row.id),
        user_id: UserId(row.user_id),
        purpose: row.purpose.parse().map_err(|_| corrupt("purpose"))?,
        email_key: row.email_key,
        hash: PasswordHash::new(row.hash),
        attempts_left: row
            .attempts_left
            .try_into()
            .map_err(|_| corrupt("attempts_left"))?,
        expires_at: Timestamp::new(row.expires_at),
    })
}

/// The user's code for a purpose, whichever it is.
fn of(user: UserId, purpose: CodePurpose) -> Condition {
    Condition::all()
        .add(Column::UserId.eq(user.0))
        .add(Column::Purpose.eq(purpose.as_str()))
}

/// This very code.
fn this(code: &IssuedCode) -> Condition {
    of(code.user_id, code.purpose).add(Column::Id.eq(code.id.0))
}

#[async_trait]
impl CodeRepository for SqlRepositories<DatabaseTransaction> {
    async fn put(&self, code: &IssuedCode) -> Result<(), StoreError> {
        let row = ActiveModel {
            user_id: Set(code.user_id.0),
            purpose: Set(code.purpose.as_str().to_owned()),
            id: Set(code.id.0),
            email_key: Set(code.email_key.clone()),
            hash: Set(code.hash.expose().to_owned()),
            attempts_left: Set(code.attempts_left.into()),
            expires_at: Set(code.expires_at.to_utc()),
        };
        let newest_wins = OnConflict::columns([Column::UserId, Column::Purpose])
            .update_columns([
                Column::Id,
                Column::EmailKey,
                Column::Hash,
                Column::AttemptsLeft,
                Column::ExpiresAt,
            ])
            .to_owned();
        let insert = Entity::insert(row)
            .on_conflict(newest_wins)
            .exec_without_returning(&self.connection);
        insert.await.map_err(store_error)?;
        Ok(())
    }

    /// The attempt is taken by the statement that checks that there is one, so that no two get the same.
    async fn take_attempt(
        &self,
        user: UserId,
        purpose: CodePurpose,
        now: Timestamp,
    ) -> Result<Option<IssuedCode>, StoreError> {
        let update = Entity::update_many()
            .col_expr(Column::AttemptsLeft, Expr::col(Column::AttemptsLeft).sub(1))
            .filter(of(user, purpose))
            .filter(Column::AttemptsLeft.gt(0))
            .filter(Column::ExpiresAt.gt(now.to_utc()))
            .exec(&self.connection);
        if update.await.map_err(store_error)?.rows_affected == 0 {
            return Ok(None);
        }
        let select = Entity::find().filter(of(user, purpose)).one(&self.connection);
        Ok(select.await.map_err(store_error)?.map(read).transpose()?)
    }

    async fn return_attempt(&self, code: &IssuedCode) -> Result<(), StoreError> {
        let update = Entity::update_many()
            .col_expr(Column::AttemptsLeft, Expr::col(Column::AttemptsLeft).add(1))
            .filter(this(code))
            .exec(&self.connection);
        update.await.map_err(store_error)?;
        Ok(())
    }

    async fn spend(&self, code: &IssuedCode) -> Result<bool, StoreError> {
        let delete = Entity::delete_many().filter(this(code)).exec(&self.connection);
        Ok(delete.await.map_err(store_error)?.rows_affected > 0)
    }

    async fn revoke(&self, user: UserId, purpose: CodePurpose) -> Result<(), StoreError> {
        let delete = Entity::delete_many()
            .filter(of(user, purpose))
            .exec(&self.connection);
        delete.await.map_err(store_error)?;
        Ok(())
    }

    async fn delete_expired(&self, now: Timestamp) -> Result<u64, StoreError> {
        let delete = Entity::delete_many()
            .filter(Column::ExpiresAt.lte(now.to_utc()))
            .exec(&self.connection);
        Ok(delete.await.map_err(store_error)?.rows_affected)
    }
}
