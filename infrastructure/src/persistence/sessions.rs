//! Sessions.

use super::{
    Connection, Sea,
    entities::{
        sessions::{ActiveModel, Column, Entity},
        users,
    },
    error::store_error,
    users::user,
};
use async_trait::async_trait;
use domain::{
    accounts::{Session, SessionRepository, User},
    clock::Timestamp,
    ids::SessionId,
    store::StoreError,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, JoinType, QueryFilter, QuerySelect, RelationTrait,
};

#[async_trait]
impl<C: Connection> SessionRepository for Sea<C> {
    async fn insert(&self, session: &Session) -> Result<(), StoreError> {
        let row = ActiveModel {
            id: Set(session.id.0),
            user_id: Set(session.user_id.0),
            refresh_token_digest: Set(session.refresh_token_digest.0.to_vec()),
            created_at: Set(session.created_at.to_utc()),
            expires_at: Set(session.expires_at.to_utc()),
        };
        let insert = Entity::insert(row).exec_without_returning(&self.connection);
        insert.await.map_err(store_error)?;
        Ok(())
    }

    /// One statement, for it runs at every request.
    async fn find_user(&self, id: SessionId, now: Timestamp) -> Result<Option<User>, StoreError> {
        let select = users::Entity::find()
            .join(JoinType::InnerJoin, users::Relation::Sessions.def())
            .filter(Column::Id.eq(id.0))
            .filter(Column::ExpiresAt.gt(now.to_utc()));
        user(select.one(&self.connection).await.map_err(store_error)?)
    }

    async fn delete_expired(&self, now: Timestamp) -> Result<u64, StoreError> {
        let delete = Entity::delete_many()
            .filter(Column::ExpiresAt.lte(now.to_utc()))
            .exec(&self.connection);
        Ok(delete.await.map_err(store_error)?.rows_affected)
    }
}
