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
use sea_orm::{ColumnTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use uuid::Uuid;

fn ready() -> Select<Entity> {
    Entity::find().filter(Column::State.eq(State::Ready))
}

/// The lowest turn of a ready task; 0 when none is ready.
pub(super) async fn lowest(connection: &impl Connection) -> Result<i64, StoreError> {
    Ok(first(connection).await?.unwrap_or(0))
}

/// Whether any task is ready.
pub(super) async fn any_ready(connection: &impl Connection) -> Result<bool, StoreError> {
    // In order, though any would do: without, PostgreSQL may read the table from its beginning; and `exists`, which in
    // sea-orm has no limit, would have MariaDB send a row for each ready task.
    Ok(first(connection).await?.is_some())
}

async fn first(connection: &impl Connection) -> Result<Option<i64>, StoreError> {
    turn(connection, ready().order_by_asc(Column::Turn)).await
}

/// The turn of an owner's next task to become ready.
pub(super) async fn next_of(
    connection: &impl Connection,
    owner: Uuid,
    lowest: i64,
) -> Result<i64, StoreError> {
    // A range of one owner, in the order of the one index that begins so. With an equality, PostgreSQL may as well go
    // down the turns of everybody until it meets this owner, however rare he is; MySQL keeps to the index with an
    // equality, and would sort the range.
    let last = match connection.get_database_backend() {
        DbBackend::MySql => ready().filter(Column::OwnerId.eq(owner)),
        _ => ready()
            .filter(Column::OwnerId.between(owner, owner))
            .order_by_desc(Column::OwnerId),
    };
    let last = last.order_by_desc(Column::Turn);
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
