//! Images, and what of a user's quota they take.

use super::{
    Connection, SqlRepositories,
    entities::{
        images::{ActiveModel, Column, Entity, Model},
        users,
    },
    error::{CorruptRow, store_error},
};
use async_trait::async_trait;
use domain::{
    clock::Timestamp,
    ids::{ImageId, UserId},
    images::{Filename, Image, ImageReader, ImageRepository, MediaType, Sha256Digest, StorageQuota},
    page::{Page, PageRequest},
    store::StoreError,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, ExprTrait, QueryFilter, QueryOrder,
    QuerySelect, Select,
    prelude::{Expr, SelectExt},
};
use uuid::Uuid;

fn read(row: Model) -> Result<Image, CorruptRow> {
    let corrupt = |column| CorruptRow {
        table: "images",
        column,
    };
    let filename = Filename::clean(&row.filename);
    if filename.as_str() != row.filename {
        return Err(corrupt("filename"));
    }
    Ok(Image {
        id: ImageId(row.id),
        owner_id: UserId(row.owner_id),
        filename,
        media_type: MediaType::from_media_type(&row.media_type).ok_or(corrupt("media_type"))?,
        size_bytes: row.size_bytes.try_into().map_err(|_| corrupt("size_bytes"))?,
        width: row.width.try_into().map_err(|_| corrupt("width"))?,
        height: row.height.try_into().map_err(|_| corrupt("height"))?,
        pages: row.pages.try_into().map_err(|_| corrupt("pages"))?,
        sha256: Sha256Digest(row.sha256.try_into().map_err(|_| corrupt("sha256"))?),
        uploaded_at: Timestamp::new(row.uploaded_at),
    })
}

fn row(image: &Image) -> ActiveModel {
    ActiveModel {
        id: Set(image.id.0),
        owner_id: Set(image.owner_id.0),
        filename: Set(image.filename.as_str().to_owned()),
        media_type: Set(image.media_type.as_str().to_owned()),
        size_bytes: Set(stored(image.size_bytes)),
        width: Set(image.width.into()),
        height: Set(image.height.into()),
        pages: Set(image.pages.into()),
        sha256: Set(image.sha256.0.to_vec()),
        uploaded_at: Set(image.uploaded_at.to_utc()),
    }
}

/// A count as databases keep it. Nothing real is near the end of it, and as a limit the end is no limit.
pub(super) fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// That the owner has room for one more image of this size.
fn has_room(owner: UserId, size_bytes: u64, quota: StorageQuota) -> Condition {
    let room = |limit| stored(limit) - stored(size_bytes);
    Condition::all()
        .add(users::Column::Id.eq(owner.0))
        .add_option(
            quota
                .bytes
                .map(|limit| users::Column::StoredBytes.lte(room(limit))),
        )
        .add_option(
            quota
                .images
                .map(|limit| users::Column::ImageCount.lt(stored(limit))),
        )
}

fn owned(owner: UserId, id: ImageId) -> Condition {
    Condition::all()
        .add(Column::Id.eq(id.0))
        .add(Column::OwnerId.eq(owner.0))
}

#[async_trait]
impl<C: Connection> ImageReader for SqlRepositories<C> {
    async fn find(&self, owner: UserId, id: ImageId) -> Result<Option<Image>, StoreError> {
        let select = Entity::find().filter(owned(owner, id));
        let found = select.one(&self.connection).await.map_err(store_error)?;
        Ok(found.map(read).transpose()?)
    }

    async fn list(&self, owner: UserId, page: PageRequest) -> Result<Page<Image>, StoreError> {
        let rows = Entity::find()
            .filter(Column::OwnerId.eq(owner.0))
            .filter(Condition::all().add_option(page.after.map(|id| Column::Id.lt(id))))
            .order_by_desc(Column::Id)
            .limit(page.limit.get() + 1)
            .all(&self.connection);
        let rows = rows.await.map_err(store_error)?.into_iter();
        let images = rows.map(read).collect::<Result<_, _>>()?;
        Ok(Page::from_lookahead(images, page.limit, |image: &Image| {
            image.id.0
        }))
    }

    async fn fits_quota(
        &self,
        owner: UserId,
        size_bytes: u64,
        quota: StorageQuota,
    ) -> Result<bool, StoreError> {
        let select = users::Entity::find().filter(has_room(owner, size_bytes, quota));
        let fits = select.exists(&self.connection).await.map_err(store_error)?;
        if !fits {
            self.demand_owner(owner).await?;
        }
        Ok(fits)
    }

    async fn existing(&self, ids: &[ImageId]) -> Result<Vec<ImageId>, StoreError> {
        let select = Entity::find().filter(Column::Id.is_in(ids.iter().map(|id| id.0)));
        self.ids_of(select).await
    }

    async fn ids_after(&self, after: Option<ImageId>, limit: u64) -> Result<Vec<ImageId>, StoreError> {
        let select = Entity::find()
            .filter(Condition::all().add_option(after.map(|id| Column::Id.gt(id.0))))
            .order_by_asc(Column::Id)
            .limit(limit);
        self.ids_of(select).await
    }
}

#[async_trait]
impl ImageRepository for SqlRepositories<DatabaseTransaction> {
    async fn insert(&self, image: &Image, quota: StorageQuota) -> Result<bool, StoreError> {
        // One statement checks and claims, so that concurrent uploads cannot share the same room.
        let claim = users::Entity::update_many()
            .col_expr(
                users::Column::ImageCount,
                Expr::col(users::Column::ImageCount).add(1_i64),
            )
            .col_expr(
                users::Column::StoredBytes,
                Expr::col(users::Column::StoredBytes).add(stored(image.size_bytes)),
            )
            .filter(has_room(image.owner_id, image.size_bytes, quota))
            .exec(&self.connection);
        if claim.await.map_err(store_error)?.rows_affected == 0 {
            self.demand_owner(image.owner_id).await?;
            return Ok(false);
        }
        let insert = Entity::insert(row(image)).exec_without_returning(&self.connection);
        insert.await.map_err(store_error)?;
        Ok(true)
    }

    async fn delete(&self, owner: UserId, id: ImageId) -> Result<bool, StoreError> {
        // The owner's row first, as an upload and the deletion of the account take it: in another order they would
        // wait for each other.
        let lock = users::Entity::find_by_id(owner.0).lock_exclusive();
        lock.one(&self.connection).await.map_err(store_error)?;
        let select = Entity::find().filter(owned(owner, id));
        let Some(image) = select.one(&self.connection).await.map_err(store_error)? else {
            return Ok(false);
        };
        let delete = Entity::delete_by_id(image.id).exec(&self.connection);
        delete.await.map_err(store_error)?;
        let release = users::Entity::update_many()
            .col_expr(
                users::Column::ImageCount,
                Expr::col(users::Column::ImageCount).sub(1_i64),
            )
            .col_expr(
                users::Column::StoredBytes,
                Expr::col(users::Column::StoredBytes).sub(image.size_bytes),
            )
            .filter(users::Column::Id.eq(owner.0))
            .exec(&self.connection);
        release.await.map_err(store_error)?;
        Ok(true)
    }
}

impl<C: Connection> SqlRepositories<C> {
    async fn ids_of(&self, select: Select<Entity>) -> Result<Vec<ImageId>, StoreError> {
        let ids = select.select_only().column(Column::Id).into_tuple();
        let ids: Vec<Uuid> = ids.all(&self.connection).await.map_err(store_error)?;
        Ok(ids.into_iter().map(ImageId).collect())
    }

    /// [`StoreError::OwnerDeleted`] when there is no such user.
    async fn demand_owner(&self, owner: UserId) -> Result<(), StoreError> {
        let select = users::Entity::find_by_id(owner.0);
        let exists = select.exists(&self.connection).await.map_err(store_error)?;
        exists.then_some(()).ok_or(StoreError::OwnerDeleted)
    }
}
