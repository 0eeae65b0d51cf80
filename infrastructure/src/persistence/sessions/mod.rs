//! Sessions, and the refresh tokens that they live on.

mod rows;
mod tokens;

use super::{
    Connection, SqlRepositories,
    entities::{
        sessions::{Column, Entity},
        users as user_rows,
    },
    error::store_error,
    users,
};
use async_trait::async_trait;
use domain::{
    accounts::{PresentedToken, Session, SessionReader, SessionRepository, TokenDigest, User},
    clock::Timestamp,
    ids::{SessionId, UserId},
    page::{Page, PageRequest},
    store::StoreError,
};
use rows::{alive, read, row};
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect,
    RelationTrait,
};

#[async_trait]
impl<C: Connection> SessionReader for SqlRepositories<C> {
    /// One statement, for it runs at every request.
    async fn find_user(&self, id: SessionId, now: Timestamp) -> Result<Option<User>, StoreError> {
        let select = user_rows::Entity::find()
            .join(JoinType::InnerJoin, user_rows::Relation::Sessions.def())
            .filter(Column::Id.eq(id.0))
            .filter(alive(now));
        users::user(select.one(&self.connection).await.map_err(store_error)?)
    }

    async fn list(
        &self,
        user: UserId,
        now: Timestamp,
        page: PageRequest,
    ) -> Result<Page<Session>, StoreError> {
        let rows = Entity::find()
            .filter(Column::UserId.eq(user.0))
            .filter(alive(now))
            .filter(Condition::all().add_option(page.after.map(|id| Column::Id.lt(id))))
            .order_by_desc(Column::Id)
            .limit(page.limit.get() + 1)
            .all(&self.connection);
        let rows = rows.await.map_err(store_error)?.into_iter();
        let sessions = rows.map(read).collect::<Result<_, _>>()?;
        Ok(Page::from_lookahead(sessions, page.limit, |session: &Session| {
            session.id.0
        }))
    }
}

#[async_trait]
impl SessionRepository for SqlRepositories<DatabaseTransaction> {
    async fn insert(&self, session: &Session) -> Result<(), StoreError> {
        let insert = Entity::insert(row(session)).exec_without_returning(&self.connection);
        insert.await.map_err(store_error)?;
        Ok(())
    }

    async fn lock_presented(
        &self,
        token: &TokenDigest,
        now: Timestamp,
    ) -> Result<Option<PresentedToken>, StoreError> {
        tokens::lock_presented(&self.connection, token, now).await
    }

    async fn renew(&self, renewed: &Session, spent: &TokenDigest) -> Result<(), StoreError> {
        tokens::renew(&self.connection, renewed, spent).await
    }

    async fn delete(&self, user: UserId, id: SessionId) -> Result<bool, StoreError> {
        let this = Condition::all().add(Column::Id.eq(id.0));
        Ok(delete_those(&self.connection, user, this).await? > 0)
    }

    async fn delete_all(&self, user: UserId, except: Option<SessionId>) -> Result<u64, StoreError> {
        let others = Condition::all().add_option(except.map(|id| Column::Id.ne(id.0)));
        delete_those(&self.connection, user, others).await
    }

    async fn delete_expired(&self, now: Timestamp) -> Result<u64, StoreError> {
        let delete = Entity::delete_many()
            .filter(Column::ExpiresAt.lte(now.to_utc()))
            .exec(&self.connection);
        Ok(delete.await.map_err(store_error)?.rows_affected)
    }
}

/// Removes those of the user's sessions and says how many.
async fn delete_those(
    connection: &impl Connection,
    user: UserId,
    those: Condition,
) -> Result<u64, StoreError> {
    users::lock(connection, user.0).await?;
    let delete = Entity::delete_many()
        .filter(Column::UserId.eq(user.0))
        .filter(those)
        .exec(connection);
    Ok(delete.await.map_err(store_error)?.rows_affected)
}
