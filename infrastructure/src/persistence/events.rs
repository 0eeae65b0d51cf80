//! What happened to accounts.

use super::{
    Connection, SqlRepositories,
    entities::user_events::{ActiveModel, Column, Entity, Model},
    error::{CorruptRow, store_error},
};
use async_trait::async_trait;
use domain::{
    accounts::{EventReader, EventRepository, Origin, SecurityEvent},
    clock::Timestamp,
    ids::{EventId, UserId},
    page::{Page, PageRequest},
    store::StoreError,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

fn read(row: Model) -> Result<SecurityEvent, CorruptRow> {
    let kind = row.kind.parse().map_err(|_| CorruptRow {
        table: "user_events",
        column: "kind",
    })?;
    Ok(SecurityEvent {
        id: EventId(row.id),
        user_id: row.user_id.map(UserId),
        admin_id: row.admin_id.map(UserId),
        kind,
        origin: Origin {
            address: row.address,
            user_agent: row.user_agent,
        },
        created_at: Timestamp::new(row.created_at),
    })
}

fn row(event: &SecurityEvent) -> ActiveModel {
    ActiveModel {
        id: Set(event.id.0),
        user_id: Set(event.user_id.map(|id| id.0)),
        admin_id: Set(event.admin_id.map(|id| id.0)),
        kind: Set(event.kind.as_str().to_owned()),
        address: Set(event.origin.address.clone()),
        user_agent: Set(event.origin.user_agent.clone()),
        created_at: Set(event.created_at.to_utc()),
        expires_at: Set(event.expires_at().to_utc()),
    }
}

#[async_trait]
impl<C: Connection> EventReader for SqlRepositories<C> {
    async fn list(&self, user: UserId, page: PageRequest) -> Result<Page<SecurityEvent>, StoreError> {
        let rows = Entity::find()
            .filter(Column::UserId.eq(user.0))
            .filter(Condition::all().add_option(page.after.map(|id| Column::Id.lt(id))))
            .order_by_desc(Column::Id)
            .limit(page.limit.get() + 1)
            .all(&self.connection);
        let rows = rows.await.map_err(store_error)?.into_iter();
        let events = rows.map(read).collect::<Result<_, _>>()?;
        Ok(Page::from_lookahead(
            events,
            page.limit,
            |event: &SecurityEvent| event.id.0,
        ))
    }
}

#[async_trait]
impl EventRepository for SqlRepositories<DatabaseTransaction> {
    async fn record(&self, event: &SecurityEvent) -> Result<(), StoreError> {
        let insert = Entity::insert(row(event)).exec_without_returning(&self.connection);
        insert.await.map_err(store_error)?;
        Ok(())
    }

    async fn delete_all(&self, user: UserId) -> Result<(), StoreError> {
        let delete = Entity::delete_many()
            .filter(Column::UserId.eq(user.0))
            .exec(&self.connection);
        delete.await.map_err(store_error)?;
        Ok(())
    }

    async fn delete_expired(&self, now: Timestamp) -> Result<u64, StoreError> {
        let delete = Entity::delete_many()
            .filter(Column::ExpiresAt.lte(now.to_utc()))
            .exec(&self.connection);
        Ok(delete.await.map_err(store_error)?.rows_affected)
    }
}
