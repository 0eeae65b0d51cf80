//! Counts of what strangers try, and the networks from which users logged in.

use super::{
    Connection, SqlRepositories,
    entities::{login_networks, throttle_counts},
    error::{CorruptRow, store_error},
};
use async_trait::async_trait;
use domain::{
    accounts::{Network, RateLimitKey, RateLimitReader, RateLimitRepository, RateLimitWindow},
    clock::Timestamp,
    ids::UserId,
    store::StoreError,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, DatabaseTransaction, EntityTrait, ExprTrait, QueryFilter,
    sea_query::{CaseStatement, Expr, OnConflict},
};
use throttle_counts::{Column, Entity};

#[async_trait]
impl<C: Connection> RateLimitReader for SqlRepositories<C> {
    async fn find_count(
        &self,
        counter: &RateLimitKey,
        now: Timestamp,
    ) -> Result<Option<RateLimitWindow>, StoreError> {
        let select = Entity::find_by_id(counter.0.to_vec())
            .filter(Column::EndsAt.gt(now.to_utc()))
            .one(&self.connection);
        let Some(row) = select.await.map_err(store_error)? else {
            return Ok(None);
        };
        let corrupt = CorruptRow {
            table: "throttle_counts",
            column: "count",
        };
        Ok(Some(RateLimitWindow {
            count: row.count.try_into().map_err(|_| corrupt)?,
            ends_at: Timestamp::new(row.ends_at),
        }))
    }

    async fn has_logged_in(&self, user: UserId, network: Network) -> Result<bool, StoreError> {
        let select = login_networks::Entity::find_by_id((user.0, network.to_string()));
        Ok(select.one(&self.connection).await.map_err(store_error)?.is_some())
    }
}

#[async_trait]
impl RateLimitRepository for SqlRepositories<DatabaseTransaction> {
    /// One statement adds the row or counts in it, so that of many at once none is lost. The end of the count is set
    /// last: `MySQL` assigns one column after the other.
    async fn count(
        &self,
        counter: &RateLimitKey,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<RateLimitWindow, StoreError> {
        let column = |column: Column| Expr::col((Entity, column));
        let is_over = || column(Column::EndsAt).lte(now.to_utc());
        let anew_or =
            |anew: Expr, otherwise: Expr| CaseStatement::new().case(is_over(), anew).finally(otherwise);
        let one_more = OnConflict::column(Column::Counter)
            .value(
                Column::Count,
                anew_or(Expr::val(1_i64), column(Column::Count).add(1_i64)),
            )
            .value(
                Column::EndsAt,
                anew_or(Expr::val(until.to_utc()), column(Column::EndsAt)),
            )
            .to_owned();
        let first = throttle_counts::ActiveModel {
            counter: Set(counter.0.to_vec()),
            count: Set(1),
            ends_at: Set(until.to_utc()),
        };
        let count = Entity::insert(first)
            .on_conflict(one_more)
            .exec_without_returning(&self.connection);
        count.await.map_err(store_error)?;
        let standing = self.find_count(counter, now).await?;
        // Of a count that was set to last until then, nothing else can be read; a clock that was put back may do it.
        Ok(standing.unwrap_or(RateLimitWindow {
            count: 1,
            ends_at: until,
        }))
    }

    async fn delete_expired(&self, now: Timestamp) -> Result<u64, StoreError> {
        let delete = Entity::delete_many()
            .filter(Column::EndsAt.lt(now.to_utc()))
            .exec(&self.connection);
        Ok(delete.await.map_err(store_error)?.rows_affected)
    }

    async fn record_login(&self, user: UserId, network: Network, now: Timestamp) -> Result<(), StoreError> {
        let login = login_networks::ActiveModel {
            user_id: Set(user.0),
            network: Set(network.to_string()),
            last_login_at: Set(now.to_utc()),
        };
        let known = OnConflict::columns([login_networks::Column::UserId, login_networks::Column::Network])
            .update_column(login_networks::Column::LastLoginAt)
            .to_owned();
        let insert = login_networks::Entity::insert(login)
            .on_conflict(known)
            .exec_without_returning(&self.connection);
        insert.await.map_err(store_error)?;
        Ok(())
    }

    async fn delete_logins_before(&self, moment: Timestamp) -> Result<u64, StoreError> {
        let delete = login_networks::Entity::delete_many()
            .filter(login_networks::Column::LastLoginAt.lt(moment.to_utc()))
            .exec(&self.connection);
        Ok(delete.await.map_err(store_error)?.rows_affected)
    }
}
