//! Predictions, what was said of them, and counts of both.

mod counts;
mod history;
mod rows;
mod statistics;

use super::{
    Connection, SqlRepositories,
    entities::{
        feedbacks, images,
        predictions::{ActiveModel, Column, Entity, Model},
        users,
    },
    error::store_error,
};
use async_trait::async_trait;
use counts::Changes;
use domain::{
    ids::{ImageId, PredictionId, UserId},
    images::Filename,
    predictions::{
        ClockSpan, DayTally, Feedback, HistoryPage, HistoryQuery, OutcomeCount, Prediction, PredictionReader,
        PredictionRepository, QuarterHour, Scope,
    },
    store::StoreError,
};
use rows::{moment, new_feedback_row, new_row, stored_verdict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;

/// How many predictions are read at once where all of an image are.
const PAGE: usize = 500;

fn owned(owner: UserId, id: PredictionId) -> Condition {
    Condition::all()
        .add(Column::Id.eq(id.0))
        .add(Column::OwnerId.eq(owner.0))
}

fn of_image(owner: UserId, image: ImageId) -> Condition {
    Condition::all()
        .add(Column::ImageId.eq(image.0))
        .add(Column::OwnerId.eq(owner.0))
}

#[async_trait]
impl<C: Connection> PredictionReader for SqlRepositories<C> {
    async fn find(&self, owner: UserId, id: PredictionId) -> Result<Option<Prediction>, StoreError> {
        let found = Entity::find().filter(owned(owner, id)).one(&self.connection);
        let found = found.await.map_err(store_error)?;
        let mut found = self.with_feedback(found.into_iter().collect()).await?;
        Ok(found.pop())
    }

    async fn history(&self, owner: UserId, query: &HistoryQuery) -> Result<HistoryPage, StoreError> {
        let rows = history::rows(&self.connection, owner, query).await?;
        let predictions = self.with_feedback(rows).await?;
        Ok(HistoryPage::from_lookahead(predictions, query))
    }

    async fn filenames(
        &self,
        owner: UserId,
        images: &[ImageId],
    ) -> Result<Vec<(ImageId, Filename)>, StoreError> {
        let names = images::Entity::find()
            .select_only()
            .columns([images::Column::Id, images::Column::Filename])
            .filter(images::Column::OwnerId.eq(owner.0))
            .filter(images::Column::Id.is_in(images.iter().map(|image| image.0)))
            .into_tuple::<(Uuid, String)>()
            .all(&self.connection);
        let names = names.await.map_err(store_error)?.into_iter();
        Ok(names
            .map(|(id, name)| (ImageId(id), Filename::clean(&name)))
            .collect())
    }

    async fn outcomes(
        &self,
        scope: Scope,
        since: Option<QuarterHour>,
    ) -> Result<Vec<OutcomeCount>, StoreError> {
        statistics::outcomes(&self.connection, scope, since).await
    }

    async fn days(&self, scope: Scope, spans: &[ClockSpan]) -> Result<Vec<DayTally>, StoreError> {
        statistics::days(&self.connection, scope, spans).await
    }

    async fn first_quarter(&self, scope: Scope) -> Result<Option<QuarterHour>, StoreError> {
        statistics::first_quarter(&self.connection, scope).await
    }
}

#[async_trait]
impl PredictionRepository for SqlRepositories<DatabaseTransaction> {
    async fn insert(&self, prediction: &Prediction) -> Result<(), StoreError> {
        self.lock_owner(prediction.owner_id).await?;
        let owner = prediction.owner_id;
        let before = self.latest_quarter(prediction.image_id).await?;
        let insert = Entity::insert(new_row(prediction)).exec_without_returning(&self.connection);
        insert.await.map_err(store_error)?;
        let quarter = QuarterHour::of(prediction.created_at);
        let mut changes = Changes::default();
        changes.count(quarter, &prediction.outcome(), 1);
        changes.move_image(before, before.max(Some(quarter)));
        changes.write(&self.connection, owner.0).await
    }

    async fn add_feedback(
        &self,
        owner: UserId,
        id: PredictionId,
        feedback: &Feedback,
    ) -> Result<bool, StoreError> {
        self.lock_owner(owner).await?;
        let Some(before) = self.find(owner, id).await? else {
            return Ok(false);
        };
        let insert = feedbacks::Entity::insert(new_feedback_row(id, feedback));
        let insert = insert.exec_without_returning(&self.connection);
        insert.await.map_err(store_error)?;
        let after = Prediction {
            feedback: Some(feedback.clone()),
            ..before.clone()
        };
        let update = Entity::update_many()
            .set(ActiveModel {
                verdict: Set(stored_verdict(after.outcome().verdict)),
                feedback_id: Set(Some(feedback.id.0)),
                ..ActiveModel::default()
            })
            .filter(owned(owner, id))
            .exec(&self.connection);
        update.await.map_err(store_error)?;
        let quarter = QuarterHour::of(before.created_at);
        let mut changes = Changes::default();
        changes.count(quarter, &before.outcome(), -1);
        changes.count(quarter, &after.outcome(), 1);
        changes.write(&self.connection, owner.0).await?;
        Ok(true)
    }

    async fn delete(&self, owner: UserId, id: PredictionId) -> Result<bool, StoreError> {
        self.lock_owner(owner).await?;
        let Some(prediction) = self.find(owner, id).await? else {
            return Ok(false);
        };
        let before = self.latest_quarter(prediction.image_id).await?;
        let delete = Entity::delete_many()
            .filter(owned(owner, id))
            .exec(&self.connection);
        delete.await.map_err(store_error)?;
        let after = self.latest_quarter(prediction.image_id).await?;
        let mut changes = Changes::default();
        changes.count(QuarterHour::of(prediction.created_at), &prediction.outcome(), -1);
        changes.move_image(before, after);
        changes.write(&self.connection, owner.0).await?;
        Ok(true)
    }

    async fn delete_of_image(&self, owner: UserId, image: ImageId) -> Result<(), StoreError> {
        self.lock_owner(owner).await?;
        let mut changes = Changes::default();
        changes.move_image(self.latest_quarter(image).await?, None);
        let ids = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(of_image(owner, image))
            .into_tuple::<Uuid>()
            .all(&self.connection);
        // Page by page, for there may be any number.
        for page in ids.await.map_err(store_error)?.chunks(PAGE) {
            let rows = Entity::find()
                .filter(Column::Id.is_in(page.iter().copied()))
                .all(&self.connection);
            for prediction in self.with_feedback(rows.await.map_err(store_error)?).await? {
                changes.count(QuarterHour::of(prediction.created_at), &prediction.outcome(), -1);
            }
        }
        let delete = Entity::delete_many()
            .filter(of_image(owner, image))
            .exec(&self.connection);
        delete.await.map_err(store_error)?;
        changes.write(&self.connection, owner.0).await
    }

    async fn delete_of_owner(&self, owner: UserId) -> Result<(), StoreError> {
        self.lock_owner(owner).await?;
        let delete = Entity::delete_many()
            .filter(Column::OwnerId.eq(owner.0))
            .exec(&self.connection);
        delete.await.map_err(store_error)?;
        counts::forget(&self.connection, owner.0).await
    }
}

impl<C: Connection> SqlRepositories<C> {
    /// One change after the other for each owner: what is read to be counted stays so, and nobody waits for what another
    /// holds in a circle. [`StoreError::OwnerDeleted`] when there is no such user.
    async fn lock_owner(&self, owner: UserId) -> Result<(), StoreError> {
        let lock = users::Entity::find_by_id(owner.0)
            .select_only()
            .column(users::Column::Id)
            .lock_exclusive()
            .into_tuple::<Uuid>()
            .one(&self.connection);
        let owner = lock.await.map_err(store_error)?;
        owner.map(|_| ()).ok_or(StoreError::OwnerDeleted)
    }

    /// When an image was looked at last.
    async fn latest_quarter(&self, image: ImageId) -> Result<Option<QuarterHour>, StoreError> {
        let latest = Entity::find()
            .select_only()
            .column(Column::CreatedAt)
            .filter(Column::ImageId.eq(image.0))
            .order_by_desc(Column::CreatedAt)
            .into_tuple::<i64>()
            .one(&self.connection);
        let latest = latest.await.map_err(store_error)?;
        Ok(latest.map(moment).transpose()?.map(QuarterHour::of))
    }

    /// The predictions of these rows, in their order, each with its latest feedback. Feedback is not joined: sea-orm takes
    /// a joined row that does not parse for one that is not there.
    async fn with_feedback(&self, found: Vec<Model>) -> Result<Vec<Prediction>, StoreError> {
        let ids: Vec<Uuid> = found.iter().filter_map(|row| row.feedback_id).collect();
        let mut latest = std::collections::HashMap::new();
        for ids in ids.chunks(BATCH) {
            let feedbacks = feedbacks::Entity::find()
                .filter(feedbacks::Column::Id.is_in(ids.iter().copied()))
                .all(&self.connection);
            let feedbacks = feedbacks.await.map_err(store_error)?;
            latest.extend(feedbacks.into_iter().map(|feedback| (feedback.id, feedback)));
        }
        let read = |row: Model| {
            let feedback = row.feedback_id.and_then(|id| latest.remove(&id));
            rows::read(row, feedback)
        };
        Ok(found.into_iter().map(read).collect::<Result<_, _>>()?)
    }
}

/// How many rows one statement names by their ids.
const BATCH: usize = 500;
