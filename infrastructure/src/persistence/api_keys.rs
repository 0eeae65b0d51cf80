//! Keys of the users' programs.

use super::{
    Connection, SqlRepositories,
    entities::{
        api_keys::{ActiveModel, Column, Entity, Model},
        users as user_rows,
    },
    error::{CorruptRow, store_error},
    users,
};
use async_trait::async_trait;
use domain::{
    accounts::{ApiKey, ApiKeyName, ApiKeyReader, ApiKeyRepository, TokenDigest, User},
    clock::Timestamp,
    ids::{ApiKeyId, UserId},
    page::{Page, PageRequest},
    store::StoreError,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
};

fn read(row: Model) -> Result<ApiKey, CorruptRow> {
    let corrupt = |column| CorruptRow {
        table: "api_keys",
        column,
    };
    Ok(ApiKey {
        id: ApiKeyId(row.id),
        user_id: UserId(row.user_id),
        name: ApiKeyName::parse(&row.name).ok_or(corrupt("name"))?,
        prefix: row.prefix,
        digest: TokenDigest(row.digest.try_into().map_err(|_| corrupt("digest"))?),
        created_at: Timestamp::new(row.created_at),
        last_used_at: row.last_used_at.map(Timestamp::new),
        expires_at: row.expires_at.map(|end| Timestamp::new(end.and_utc())),
    })
}

fn row(key: &ApiKey) -> ActiveModel {
    ActiveModel {
        id: Set(key.id.0),
        user_id: Set(key.user_id.0),
        name: Set(key.name.as_str().to_owned()),
        prefix: Set(key.prefix.clone()),
        digest: Set(key.digest.0.to_vec()),
        created_at: Set(key.created_at.to_utc()),
        last_used_at: Set(key.last_used_at.map(Timestamp::to_utc)),
        expires_at: Set(key.expires_at.map(|end| end.to_utc().naive_utc())),
    }
}

#[async_trait]
impl<C: Connection> ApiKeyReader for SqlRepositories<C> {
    async fn list(&self, user: UserId, page: PageRequest) -> Result<Page<ApiKey>, StoreError> {
        let rows = Entity::find()
            .filter(Column::UserId.eq(user.0))
            .filter(Condition::all().add_option(page.after.map(|id| Column::Id.lt(id))))
            .order_by_desc(Column::Id)
            .limit(page.limit.get() + 1)
            .all(&self.connection);
        let rows = rows.await.map_err(store_error)?.into_iter();
        let keys = rows.map(read).collect::<Result<_, _>>()?;
        Ok(Page::from_lookahead(keys, page.limit, |key: &ApiKey| key.id.0))
    }

    async fn count(&self, user: UserId) -> Result<u64, StoreError> {
        let select = Entity::find().filter(Column::UserId.eq(user.0));
        select.count(&self.connection).await.map_err(store_error)
    }

    /// One statement, for it runs at every request of a program.
    async fn find_user(
        &self,
        digest: &TokenDigest,
        now: Timestamp,
    ) -> Result<Option<(ApiKey, User)>, StoreError> {
        let lasting = Condition::any()
            .add(Column::ExpiresAt.is_null())
            .add(Column::ExpiresAt.gt(now.to_utc().naive_utc()));
        // Both are required: of a row that may be absent, sea-orm takes one that does not parse for absent.
        let select = Entity::find()
            .find_both_related(user_rows::Entity)
            .filter(Column::Digest.eq(digest.0.to_vec()))
            .filter(lasting);
        let Some((key, user)) = select.one(&self.connection).await.map_err(store_error)? else {
            return Ok(None);
        };
        Ok(Some((read(key)?, users::read(user)?)))
    }
}

#[async_trait]
impl ApiKeyRepository for SqlRepositories<DatabaseTransaction> {
    async fn insert(&self, key: &ApiKey) -> Result<(), StoreError> {
        let insert = Entity::insert(row(key)).exec_without_returning(&self.connection);
        insert.await.map_err(store_error)?;
        Ok(())
    }

    async fn touch(&self, id: ApiKeyId, now: Timestamp) -> Result<(), StoreError> {
        let update = Entity::update_many()
            .set(ActiveModel {
                last_used_at: Set(Some(now.to_utc())),
                ..ActiveModel::default()
            })
            .filter(Column::Id.eq(id.0))
            .exec(&self.connection);
        update.await.map_err(store_error)?;
        Ok(())
    }

    async fn delete(&self, user: UserId, id: ApiKeyId) -> Result<bool, StoreError> {
        users::lock(&self.connection, user.0).await?;
        let delete = Entity::delete_many()
            .filter(Column::Id.eq(id.0))
            .filter(Column::UserId.eq(user.0))
            .exec(&self.connection);
        Ok(delete.await.map_err(store_error)?.rows_affected > 0)
    }

    async fn delete_all(&self, user: UserId) -> Result<u64, StoreError> {
        users::lock(&self.connection, user.0).await?;
        let delete = Entity::delete_many()
            .filter(Column::UserId.eq(user.0))
            .exec(&self.connection);
        Ok(delete.await.map_err(store_error)?.rows_affected)
    }
}
