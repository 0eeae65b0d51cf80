//! What workers do with tasks. Whatever a lease allows is one statement that the lease guards: where it changes no row,
//! the lease is void.

use super::{
    rows::{State, read_claim, stored_token},
    turns,
};
use crate::persistence::{
    Connection,
    entities::tasks::{ActiveModel, Column, Entity, Model},
    error::store_error,
};
use domain::{
    clock::Timestamp,
    store::StoreError,
    tasks::{Claim, Lease, TaskFailure, TaskOutcome},
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, LockBehavior, LockType},
};

/// That the lease is that of the latest claim, and its task runs.
fn held(lease: &Lease) -> Condition {
    Condition::all()
        .add(Column::Id.eq(lease.task.0))
        .add(Column::Token.eq(stored_token(lease)))
        .add(Column::State.eq(State::Running))
}

/// Changes a claimed task; false when the lease is void.
async fn change(
    connection: &impl Connection,
    lease: &Lease,
    change: ActiveModel,
) -> Result<bool, StoreError> {
    let update = Entity::update_many()
        .set(change)
        .filter(held(lease))
        .exec(connection);
    // Every driver counts the rows that were met, and not only those that are other than before.
    Ok(update.await.map_err(store_error)?.rows_affected > 0)
}

pub(super) async fn claim(
    connection: &impl Connection,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<Claim>, StoreError> {
    // SQLite knows no such lock and needs none: a unit of work there is alone from its beginning.
    let select = Entity::find()
        .filter(Column::State.eq(State::Ready))
        .order_by_asc(Column::Turn)
        .order_by_asc(Column::Id)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .one(connection);
    let Some(ready) = select.await.map_err(store_error)? else {
        return Ok(None);
    };
    let (id, token) = (ready.id, ready.token);
    let running = Model {
        state: State::Running.name().to_owned(),
        token: token + 1,
        attempts: ready.attempts + 1,
        due_at: Some(until.to_utc()),
        pages_done: 0,
        started_at: Some(now.to_utc()),
        ..ready
    };
    let update = Entity::update_many()
        .set(ActiveModel {
            state: Set(running.state.clone()),
            token: Set(running.token),
            attempts: Set(running.attempts),
            due_at: Set(running.due_at),
            pages_done: Set(running.pages_done),
            started_at: Set(running.started_at),
            ..ActiveModel::default()
        })
        .filter(Column::Id.eq(id))
        .filter(Column::Token.eq(token))
        .filter(Column::State.eq(State::Ready))
        .exec(connection);
    // Outside of a unit of work the lock ends with the first statement, and somebody may come between the two.
    match update.await.map_err(store_error)?.rows_affected {
        0 => Ok(None),
        _ => Ok(Some(read_claim(running)?)),
    }
}

pub(super) async fn renew(
    connection: &impl Connection,
    lease: &Lease,
    until: Timestamp,
    pages_done: u32,
) -> Result<bool, StoreError> {
    let renewed = ActiveModel {
        due_at: Set(Some(until.to_utc())),
        pages_done: Set(pages_done.into()),
        ..ActiveModel::default()
    };
    change(connection, lease, renewed).await
}

pub(super) async fn finish(
    connection: &impl Connection,
    lease: &Lease,
    outcome: &TaskOutcome,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let (state, failure) = match outcome {
        TaskOutcome::Succeeded => (State::Succeeded, None),
        TaskOutcome::Failed(failure) => (State::Failed, Some(failure)),
    };
    let mut update = Entity::update_many()
        .set(ActiveModel {
            state: Set(state.name().to_owned()),
            due_at: Set(None),
            finished_at: Set(Some(now.to_utc())),
            ..failed_with(failure)
        })
        .filter(held(lease));
    if failure.is_none() {
        // The last pages may have been done since the claim was last renewed.
        update = update.col_expr(Column::PagesDone, Expr::col(Column::PagesTotal));
    }
    let finished = update.exec(connection).await.map_err(store_error)?;
    Ok(finished.rows_affected > 0)
}

pub(super) async fn postpone(
    connection: &impl Connection,
    lease: &Lease,
    failure: &TaskFailure,
    until: Timestamp,
) -> Result<bool, StoreError> {
    let resting = ActiveModel {
        state: Set(State::WaitingForRetry.name().to_owned()),
        due_at: Set(Some(until.to_utc())),
        ..failed_with(Some(failure))
    };
    change(connection, lease, resting).await
}

/// The task takes the lowest turn that is waiting: its own was served before all of those and went unused, and one that
/// is lower still would let every owner who comes later begin there.
pub(super) async fn release(
    connection: &impl Connection,
    lease: &Lease,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let select = Entity::find()
        .filter(held(lease))
        .lock_exclusive()
        .one(connection);
    let Some(row) = select.await.map_err(store_error)? else {
        return Ok(false);
    };
    let attempts = row.attempts - 1;
    let ready = ActiveModel {
        state: Set(State::Ready.name().to_owned()),
        turn: Set(turns::lowest(connection).await?),
        attempts: Set(attempts),
        due_at: Set(Some(now.to_utc())),
        pages_done: Set(0),
        // When the attempt before this one began is not known any more.
        started_at: Set(row.started_at.filter(|_| attempts > 0)),
        ..ActiveModel::default()
    };
    change(connection, lease, ready).await
}

fn failed_with(failure: Option<&TaskFailure>) -> ActiveModel {
    ActiveModel {
        failure_code: Set(failure.map(|failure| failure.code.clone())),
        failure_detail: Set(failure.map(|failure| failure.detail.clone())),
        ..ActiveModel::default()
    }
}
