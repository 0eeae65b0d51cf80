//! What keeps tasks going: resting ones wake, abandoned ones are found, new ones are announced.

use super::{
    rows::{State, read_claim},
    turns,
};
use crate::persistence::{
    Connection,
    entities::tasks::{ActiveModel, Column, Entity},
    error::store_error,
};
use domain::{clock::Timestamp, ids::TaskId, store::StoreError, tasks::Claim};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::{LockBehavior, LockType},
};
use std::collections::HashMap;
use uuid::Uuid;

/// How many tasks one statement names: far below what any database takes.
const BATCH: usize = 1000;

/// Rows of one state whose moment has come, longest due first, without those that somebody else works on.
fn due(state: State, now: Timestamp, limit: u64) -> Select<Entity> {
    Entity::find()
        .filter(Column::State.eq(state))
        .filter(Column::DueAt.lte(now.to_utc()))
        .order_by_asc(Column::DueAt)
        .limit(limit)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
}

pub(super) async fn any_due(connection: &impl Connection, now: Timestamp) -> Result<bool, StoreError> {
    for state in [State::WaitingForRetry, State::Running] {
        // In the order of the index, and not `exists`: see `turns::any_ready`.
        let first = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::State.eq(state))
            .filter(Column::DueAt.lte(now.to_utc()))
            .order_by_asc(Column::DueAt)
            .into_tuple::<Uuid>()
            .one(connection);
        if first.await.map_err(store_error)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) async fn make_due_ready(
    connection: &impl Connection,
    now: Timestamp,
    limit: u64,
) -> Result<u64, StoreError> {
    let rows = due(State::WaitingForRetry, now, limit).all(connection);
    let rows = rows.await.map_err(store_error)?;
    if rows.is_empty() {
        return Ok(0);
    }
    let lowest = turns::lowest(connection).await?;
    let mut next: HashMap<Uuid, i64> = HashMap::new();
    let mut woken = 0;
    for row in rows {
        let turn = match next.get(&row.owner_id) {
            Some(turn) => *turn,
            None => turns::next_of(connection, row.owner_id, lowest).await?,
        };
        next.insert(row.owner_id, turn.saturating_add(1));
        let update = Entity::update_many()
            .set(ActiveModel {
                state: Set(State::Ready.name().to_owned()),
                turn: Set(turn),
                due_at: Set(Some(now.to_utc())),
                ..ActiveModel::default()
            })
            .filter(Column::Id.eq(row.id))
            .filter(Column::State.eq(State::WaitingForRetry))
            .exec(connection);
        woken += update.await.map_err(store_error)?.rows_affected;
    }
    Ok(woken)
}

pub(super) async fn lock_expired_leases(
    connection: &impl Connection,
    now: Timestamp,
    limit: u64,
) -> Result<Vec<Claim>, StoreError> {
    let rows = due(State::Running, now, limit).all(connection);
    let rows = rows.await.map_err(store_error)?.into_iter();
    Ok(rows.map(read_claim).collect::<Result<_, _>>()?)
}

pub(super) async fn unpublished(connection: &impl Connection, limit: u64) -> Result<Vec<TaskId>, StoreError> {
    let ids = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::State.eq(State::Ready))
        .filter(Column::DueAt.is_not_null())
        .order_by_asc(Column::DueAt)
        .order_by_asc(Column::Id)
        .limit(limit)
        .into_tuple()
        .all(connection);
    let ids: Vec<Uuid> = ids.await.map_err(store_error)?;
    Ok(ids.into_iter().map(TaskId).collect())
}

pub(super) async fn mark_published(connection: &impl Connection, tasks: &[TaskId]) -> Result<(), StoreError> {
    for tasks in tasks.chunks(BATCH) {
        let update = Entity::update_many()
            .set(ActiveModel {
                due_at: Set(None),
                ..ActiveModel::default()
            })
            .filter(Column::Id.is_in(tasks.iter().map(|task| task.0)))
            .filter(Column::State.eq(State::Ready))
            .exec(connection);
        update.await.map_err(store_error)?;
    }
    Ok(())
}
