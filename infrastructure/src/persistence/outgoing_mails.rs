//! The outbox of mails.

use super::{
    Connection, SqlRepositories,
    entities::mail_orders::{ActiveModel, Column, Entity, Model},
    error::{CorruptRow, store_error},
};
use async_trait::async_trait;
use domain::{
    accounts::{OutgoingMail, OutgoingMailReader, OutgoingMailRepository},
    clock::Timestamp,
    ids::{OutgoingMailId, UserId},
    store::StoreError,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{LockBehavior, LockType},
};
use uuid::Uuid;

fn read(row: &Model) -> Result<OutgoingMail, CorruptRow> {
    let corrupt = |column| CorruptRow {
        table: "mail_orders",
        column,
    };
    Ok(OutgoingMail {
        id: OutgoingMailId(row.id),
        user_id: row.user_id.map(UserId),
        purpose: row.purpose.parse().map_err(|_| corrupt("purpose"))?,
        language: row.language.parse().map_err(|_| corrupt("language"))?,
        attempts: row.attempts.try_into().map_err(|_| corrupt("attempts"))?,
        created_at: Timestamp::new(row.created_at),
    })
}

/// The row of the mail, unless it was claimed again.
fn not_claimed_since(mail: &OutgoingMail) -> Condition {
    Condition::all()
        .add(Column::Id.eq(mail.id.0))
        .add(Column::Attempts.eq(i64::from(mail.attempts)))
}

#[async_trait]
impl<C: Connection> OutgoingMailReader for SqlRepositories<C> {
    async fn any_due(&self, now: Timestamp) -> Result<bool, StoreError> {
        let first = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::DueAt.lte(now.to_utc()))
            .order_by_asc(Column::DueAt)
            .into_tuple::<Uuid>()
            .one(&self.connection);
        Ok(first.await.map_err(store_error)?.is_some())
    }

    async fn is_superseded(&self, mail: &OutgoingMail) -> Result<bool, StoreError> {
        let Some(user) = mail.user_id else {
            return Ok(false);
        };
        let later = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::UserId.eq(user.0))
            .filter(Column::Purpose.eq(mail.purpose.as_str()))
            .filter(Column::Id.gt(mail.id.0))
            .into_tuple::<Uuid>()
            .one(&self.connection);
        Ok(later.await.map_err(store_error)?.is_some())
    }
}

#[async_trait]
impl OutgoingMailRepository for SqlRepositories<DatabaseTransaction> {
    async fn insert(&self, mail: &OutgoingMail) -> Result<(), StoreError> {
        let row = ActiveModel {
            id: Set(mail.id.0),
            user_id: Set(mail.user_id.map(|user| user.0)),
            purpose: Set(mail.purpose.as_str().to_owned()),
            language: Set(mail.language.as_str().to_owned()),
            attempts: Set(mail.attempts.into()),
            due_at: Set(mail.created_at.to_utc()),
            created_at: Set(mail.created_at.to_utc()),
        };
        let insert = Entity::insert(row).exec_without_returning(&self.connection);
        insert.await.map_err(store_error)?;
        Ok(())
    }

    async fn claim(&self, now: Timestamp, until: Timestamp) -> Result<Option<OutgoingMail>, StoreError> {
        // SQLite ignores the lock and does not need it: its transactions do not run concurrently.
        let select = Entity::find()
            .filter(Column::DueAt.lte(now.to_utc()))
            .order_by_asc(Column::DueAt)
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .one(&self.connection);
        let Some(row) = select.await.map_err(store_error)? else {
            return Ok(None);
        };
        let due = read(&row)?;
        let claimed = OutgoingMail {
            attempts: due.attempts.saturating_add(1),
            ..due.clone()
        };
        let update = Entity::update_many()
            .set(ActiveModel {
                attempts: Set(claimed.attempts.into()),
                due_at: Set(until.to_utc()),
                ..ActiveModel::default()
            })
            .filter(not_claimed_since(&due))
            .exec(&self.connection);
        let changed = update.await.map_err(store_error)?.rows_affected;
        Ok((changed > 0).then_some(claimed))
    }

    async fn postpone(&self, mail: &OutgoingMail, until: Timestamp) -> Result<(), StoreError> {
        let update = Entity::update_many()
            .set(ActiveModel {
                due_at: Set(until.to_utc()),
                ..ActiveModel::default()
            })
            .filter(not_claimed_since(mail))
            .exec(&self.connection);
        update.await.map_err(store_error)?;
        Ok(())
    }

    async fn remove(&self, mail: &OutgoingMail) -> Result<(), StoreError> {
        let delete = Entity::delete_many()
            .filter(not_claimed_since(mail))
            .exec(&self.connection);
        delete.await.map_err(store_error)?;
        Ok(())
    }
}
