//! What owners do with their tasks.

use super::{
    rows::{State, new_row, read},
    turns,
};
use crate::persistence::{
    Connection,
    entities::{
        tasks::{ActiveModel, Column, Entity},
        users,
    },
    error::store_error,
    images::stored,
};
use domain::{
    clock::Timestamp,
    ids::{ImageId, TaskId, UserId},
    page::{Page, PageRequest},
    store::StoreError,
    tasks::{Cancellation, Task, TaskStatus},
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    prelude::SelectExt,
};
use uuid::Uuid;

fn owned(owner: UserId, id: TaskId) -> Condition {
    Condition::all()
        .add(Column::Id.eq(id.0))
        .add(Column::OwnerId.eq(owner.0))
}

fn in_flight() -> Condition {
    Condition::all().add(Column::State.is_in(State::IN_FLIGHT))
}

pub(super) async fn insert(
    connection: &impl Connection,
    task: &Task,
    in_flight_limit: Option<u64>,
) -> Result<bool, StoreError> {
    // One after the other for each owner, so that concurrent ones neither pass the limit nor get the same turn.
    let lock = users::Entity::find_by_id(task.owner_id.0)
        .select_only()
        .column(users::Column::Id)
        .lock_exclusive()
        .into_tuple::<Uuid>()
        .one(connection);
    if lock.await.map_err(store_error)?.is_none() {
        return Err(StoreError::OwnerDeleted);
    }
    if let Some(limit) = in_flight_limit
        && has_in_flight(connection, task.owner_id, limit).await?
    {
        return Ok(false);
    }
    let lowest = turns::lowest(connection).await?;
    let turn = turns::next_of(connection, task.owner_id.0, lowest).await?;
    let insert = Entity::insert(new_row(task, turn)).exec_without_returning(connection);
    insert.await.map_err(store_error)?;
    Ok(true)
}

/// Whether the owner has at least so many tasks that have not ended. Counts no further than that.
async fn has_in_flight(connection: &impl Connection, owner: UserId, count: u64) -> Result<bool, StoreError> {
    let Some(before) = count.checked_sub(1) else {
        return Ok(true);
    };
    let last = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::OwnerId.eq(owner.0))
        .filter(in_flight())
        .offset(stored(before).cast_unsigned())
        .into_tuple::<Uuid>()
        .one(connection);
    Ok(last.await.map_err(store_error)?.is_some())
}

pub(super) async fn find(
    connection: &impl Connection,
    owner: UserId,
    id: TaskId,
) -> Result<Option<Task>, StoreError> {
    let select = Entity::find().filter(owned(owner, id));
    let found = select.one(connection).await.map_err(store_error)?;
    Ok(found.map(read).transpose()?)
}

pub(super) async fn list(
    connection: &impl Connection,
    owner: UserId,
    status: Option<TaskStatus>,
    page: PageRequest,
) -> Result<Page<Task>, StoreError> {
    let of_status = status.map(|status| Column::State.is_in(State::of(status)));
    let rows = Entity::find()
        .filter(Column::OwnerId.eq(owner.0))
        .filter(Condition::all().add_option(of_status))
        .filter(Condition::all().add_option(page.after.map(|id| Column::Id.lt(id))))
        .order_by_desc(Column::Id)
        .limit(page.limit.get() + 1)
        .all(connection);
    let rows = rows.await.map_err(store_error)?.into_iter();
    let tasks = rows.map(read).collect::<Result<_, _>>()?;
    Ok(Page::from_lookahead(tasks, page.limit, |task: &Task| task.id.0))
}

pub(super) async fn cancel(
    connection: &impl Connection,
    owner: UserId,
    id: TaskId,
    now: Timestamp,
) -> Result<Cancellation, StoreError> {
    if cancel_those(connection, owned(owner, id), now).await? {
        return Ok(Cancellation::Cancelled);
    }
    let exists = Entity::find().filter(owned(owner, id)).exists(connection);
    if exists.await.map_err(store_error)? {
        Ok(Cancellation::Finished)
    } else {
        Ok(Cancellation::Absent)
    }
}

pub(super) async fn cancel_of_image(
    connection: &impl Connection,
    image: ImageId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let of_image = Condition::all().add(Column::ImageId.eq(image.0));
    cancel_those(connection, of_image, now).await?;
    Ok(())
}

/// Cancels what of these has not ended; whether there was any.
async fn cancel_those(
    connection: &impl Connection,
    those: Condition,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let update = Entity::update_many()
        .set(ActiveModel {
            state: Set(State::Cancelled.name().to_owned()),
            due_at: Set(None),
            finished_at: Set(Some(now.to_utc())),
            ..ActiveModel::default()
        })
        .filter(those)
        .filter(in_flight())
        .exec(connection);
    Ok(update.await.map_err(store_error)?.rows_affected > 0)
}
