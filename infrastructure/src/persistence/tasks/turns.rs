//! Whose turn it is: start-time fair queueing over the owners of ready tasks.
//!
//! The turn of a row that becomes ready is the one after its owner's last, but none before the lowest that is waiting:
//! who asks for much takes one turn after the other, and who comes later begins where the others are now, neither
//! behind all of them nor with a credit for having been away. Each of these is one look into an index. They are
//! statements of their own, for `MySQL` changes no table by what it reads from the same one.
//!
//! Two units of work that make tasks of one owner ready at the same moment may give both the same turn; then the older
//! goes first, and nobody else waits longer than for that one.

use super::rows::State;
use crate::persistence::{
    Connection,
    entities::tasks::{Column, Entity},
    error::store_error,
};
use domain::store::StoreError;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use uuid::Uuid;

fn ready() -> Select<Entity> {
    Entity::find().filter(Column::State.eq(State::Ready))
}

/// The lowest turn of a ready task; 0 when none is ready.
pub(super) async fn lowest(connection: &impl Connection) -> Result<i64, StoreError> {
    let lowest = ready().order_by_asc(Column::Turn);
    Ok(turn(connection, lowest).await?.unwrap_or(0))
}

/// The turn of an owner's next task to become ready.
pub(super) async fn next_of(
    connection: &impl Connection,
    owner: Uuid,
    lowest: i64,
) -> Result<i64, StoreError> {
    let last = ready()
        .filter(Column::OwnerId.eq(owner))
        .order_by_desc(Column::Turn);
    let last = turn(connection, last).await?;
    Ok(last.map_or(lowest, |last| lowest.max(last.saturating_add(1))))
}

async fn turn(connection: &impl Connection, first: Select<Entity>) -> Result<Option<i64>, StoreError> {
    let turn = first
        .select_only()
        .column(Column::Turn)
        .into_tuple()
        .one(connection);
    turn.await.map_err(store_error)
}

/// Whether any task is ready.
pub(super) async fn any_ready(connection: &impl Connection) -> Result<bool, StoreError> {
    // Not `exists`, which in sea-orm has no limit: MariaDB would send a row for each ready task.
    let any = ready()
        .select_only()
        .column(Column::Id)
        .into_tuple::<Uuid>()
        .one(connection);
    Ok(any.await.map_err(store_error)?.is_some())
}
