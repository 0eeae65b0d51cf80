//! Faces that users log in with.

use super::{
    Connection, SqlRepositories,
    entities::faces::{ActiveModel, Column, Entity, Model},
    error::{CorruptRow, store_error},
};
use async_trait::async_trait;
use domain::{
    clock::Timestamp,
    faces::{EnrolledFace, FaceQuality, FaceReader, FaceRepository, SealedEmbedding},
    ids::{FaceId, UserId},
    store::StoreError,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, Select,
};

fn read(row: Model) -> Result<EnrolledFace, CorruptRow> {
    let corrupt = CorruptRow {
        table: "faces",
        column: "photos",
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it was half as wide before it was stored"
    )]
    let quality = row.quality as f32;
    Ok(EnrolledFace {
        id: FaceId(row.id),
        user_id: UserId(row.user_id),
        embedding: SealedEmbedding {
            key_id: row.key_id,
            bytes: row.sealed,
        },
        model: row.model,
        photos: u32::try_from(row.photos).map_err(|_| corrupt)?,
        quality: FaceQuality::new(quality),
        photos_kept: row.photos_kept,
        enrolled_at: Timestamp::new(row.enrolled_at),
    })
}

fn row(face: &EnrolledFace) -> ActiveModel {
    ActiveModel {
        user_id: Set(face.user_id.0),
        id: Set(face.id.0),
        key_id: Set(face.embedding.key_id.clone()),
        sealed: Set(face.embedding.bytes.clone()),
        model: Set(face.model.clone()),
        photos: Set(i32::try_from(face.photos).unwrap_or(i32::MAX)),
        quality: Set(face.quality.share().into()),
        photos_kept: Set(face.photos_kept),
        enrolled_at: Set(face.enrolled_at.to_utc()),
    }
}

fn listed(after: Option<FaceId>, limit: u64) -> Select<Entity> {
    Entity::find()
        .filter(Condition::all().add_option(after.map(|id| Column::Id.gt(id.0))))
        .order_by_asc(Column::Id)
        .limit(limit)
}

fn read_all(rows: Vec<Model>) -> Result<Vec<EnrolledFace>, StoreError> {
    Ok(rows.into_iter().map(read).collect::<Result<_, _>>()?)
}

#[async_trait]
impl<C: Connection> FaceReader for SqlRepositories<C> {
    async fn find(&self, user: UserId) -> Result<Option<EnrolledFace>, StoreError> {
        let select = Entity::find_by_id(user.0).one(&self.connection);
        Ok(select.await.map_err(store_error)?.map(read).transpose()?)
    }

    async fn list(&self, after: Option<FaceId>, limit: u64) -> Result<Vec<EnrolledFace>, StoreError> {
        let rows = listed(after, limit).all(&self.connection);
        read_all(rows.await.map_err(store_error)?)
    }

    async fn count(&self) -> Result<u64, StoreError> {
        Entity::find().count(&self.connection).await.map_err(store_error)
    }

    async fn list_not_sealed_with(
        &self,
        key_id: &str,
        after: Option<FaceId>,
        limit: u64,
    ) -> Result<Vec<EnrolledFace>, StoreError> {
        let rows = listed(after, limit)
            .filter(Column::KeyId.ne(key_id))
            .all(&self.connection);
        read_all(rows.await.map_err(store_error)?)
    }
}

#[async_trait]
impl FaceRepository for SqlRepositories<DatabaseTransaction> {
    async fn put(&self, face: &EnrolledFace) -> Result<(), StoreError> {
        // Whoever puts holds the user's row, so that nobody adds another in between.
        FaceRepository::delete(self, face.user_id).await?;
        let insert = Entity::insert(row(face)).exec_without_returning(&self.connection);
        insert.await.map_err(store_error)?;
        Ok(())
    }

    async fn delete(&self, user: UserId) -> Result<bool, StoreError> {
        let delete = Entity::delete_by_id(user.0).exec(&self.connection);
        Ok(delete.await.map_err(store_error)?.rows_affected > 0)
    }

    async fn reseal(&self, id: FaceId, embedding: &SealedEmbedding) -> Result<(), StoreError> {
        let update = Entity::update_many()
            .set(ActiveModel {
                key_id: Set(embedding.key_id.clone()),
                sealed: Set(embedding.bytes.clone()),
                ..ActiveModel::default()
            })
            .filter(Column::Id.eq(id.0))
            .exec(&self.connection);
        update.await.map_err(store_error)?;
        Ok(())
    }
}
