//! Blobs that are to be deleted.

use super::{
    Connection, SqlRepositories,
    entities::{
        blob_deletions::{ActiveModel, Column, Entity},
        images,
    },
    error::store_error,
};
use async_trait::async_trait;
use domain::{
    clock::Timestamp,
    ids::{ImageId, UserId},
    images::{BlobDeletionReader, BlobDeletionRepository, BlobKey},
    store::StoreError,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, sea_query::OnConflict,
};
use uuid::Uuid;

/// How many images of an owner are scheduled by one statement: far below what any database takes.
const BATCH: u64 = 1000;

fn row(key: &BlobKey, due_at: Timestamp) -> ActiveModel {
    ActiveModel {
        blob_key: Set(key.as_str().to_owned()),
        due_at: Set(due_at.to_utc()),
    }
}

impl<C: Connection> SqlRepositories<C> {
    async fn schedule_rows(&self, rows: Vec<ActiveModel>) -> Result<(), StoreError> {
        let newest_wins = OnConflict::column(Column::BlobKey)
            .update_column(Column::DueAt)
            .to_owned();
        let insert = Entity::insert_many(rows)
            .on_conflict(newest_wins)
            .exec_without_returning(&self.connection);
        insert.await.map_err(store_error)?;
        Ok(())
    }

    /// The next ids of the owner's images after this one.
    async fn image_ids(&self, owner: UserId, after: Option<Uuid>) -> Result<Vec<Uuid>, StoreError> {
        let ids = images::Entity::find()
            .select_only()
            .column(images::Column::Id)
            .filter(images::Column::OwnerId.eq(owner.0))
            .filter(Condition::all().add_option(after.map(|id| images::Column::Id.gt(id))))
            .order_by_asc(images::Column::Id)
            .limit(BATCH)
            .into_tuple()
            .all(&self.connection);
        ids.await.map_err(store_error)
    }
}

#[async_trait]
impl<C: Connection> BlobDeletionReader for SqlRepositories<C> {
    async fn due(&self, now: Timestamp, limit: u64) -> Result<Vec<BlobKey>, StoreError> {
        let rows = Entity::find()
            .filter(Column::DueAt.lte(now.to_utc()))
            .order_by_asc(Column::DueAt)
            .limit(limit)
            .all(&self.connection);
        let rows = rows.await.map_err(store_error)?.into_iter();
        Ok(rows.map(|row| BlobKey::from_stored(row.blob_key)).collect())
    }

    async fn scheduled(&self, keys: &[BlobKey]) -> Result<Vec<BlobKey>, StoreError> {
        let select = Entity::find()
            .select_only()
            .column(Column::BlobKey)
            .filter(Column::BlobKey.is_in(keys.iter().map(BlobKey::as_str)));
        let found = select.into_tuple::<String>().all(&self.connection);
        let found = found.await.map_err(store_error)?.into_iter();
        Ok(found.map(BlobKey::from_stored).collect())
    }
}

#[async_trait]
impl BlobDeletionRepository for SqlRepositories<DatabaseTransaction> {
    async fn schedule(&self, key: &BlobKey, due_at: Timestamp) -> Result<(), StoreError> {
        self.schedule_rows(vec![row(key, due_at)]).await
    }

    async fn schedule_owned_by(&self, owner: UserId, due_at: Timestamp) -> Result<(), StoreError> {
        // In batches, for what the key of an image is only the domain knows.
        let mut last = None;
        loop {
            let ids = self.image_ids(owner, last).await?;
            last = ids.last().copied();
            if last.is_none() {
                return Ok(());
            }
            let keys = ids.into_iter().map(|id| BlobKey::of_image(ImageId(id)));
            self.schedule_rows(keys.map(|key| row(&key, due_at)).collect())
                .await?;
        }
    }

    async fn cancel(&self, key: &BlobKey, now: Timestamp) -> Result<bool, StoreError> {
        let delete = Entity::delete_many()
            .filter(Column::BlobKey.eq(key.as_str()))
            .filter(Column::DueAt.gt(now.to_utc()))
            .exec(&self.connection);
        Ok(delete.await.map_err(store_error)?.rows_affected > 0)
    }

    async fn remove(&self, key: &BlobKey) -> Result<(), StoreError> {
        let delete = Entity::delete_by_id(key.as_str()).exec(&self.connection);
        delete.await.map_err(store_error)?;
        Ok(())
    }
}
