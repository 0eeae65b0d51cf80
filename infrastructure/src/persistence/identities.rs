//! Identities that users log in with.

use super::{
    Connection, SqlRepositories,
    entities::{
        identities::{ActiveModel, Column, Entity, Model},
        users as user_rows,
    },
    error::{CorruptRow, new_row_error, store_error},
    users,
};
use async_trait::async_trait;
use domain::{
    accounts::{Identity, IdentityReader, IdentityRepository, LinkedIdentity, User},
    clock::Timestamp,
    ids::UserId,
    store::{Conflict, StoreError},
};
use sea_orm::{ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use sha2::{Digest, Sha256};

/// The key of an identity. Neither half holds the line break that parts them.
fn digest(identity: &Identity) -> Vec<u8> {
    Sha256::digest(format!("{}\n{}", identity.issuer(), identity.subject())).to_vec()
}

fn read(row: &Model) -> Result<LinkedIdentity, CorruptRow> {
    let corrupt = CorruptRow {
        table: "identities",
        column: "subject",
    };
    Ok(LinkedIdentity {
        identity: Identity::new(&row.issuer, &row.subject).ok_or(corrupt)?,
        user_id: UserId(row.user_id),
        created_at: Timestamp::new(row.created_at),
        last_used_at: Timestamp::new(row.last_used_at),
    })
}

fn row(linked: &LinkedIdentity) -> ActiveModel {
    ActiveModel {
        digest: Set(digest(&linked.identity)),
        issuer: Set(linked.identity.issuer().to_owned()),
        subject: Set(linked.identity.subject().to_owned()),
        user_id: Set(linked.user_id.0),
        created_at: Set(linked.created_at.to_utc()),
        last_used_at: Set(linked.last_used_at.to_utc()),
    }
}

#[async_trait]
impl<C: Connection> IdentityReader for SqlRepositories<C> {
    async fn find_user(&self, identity: &Identity) -> Result<Option<(LinkedIdentity, User)>, StoreError> {
        // Both are required: of a row that may be absent, sea-orm takes one that does not parse for absent.
        let select = Entity::find()
            .find_both_related(user_rows::Entity)
            .filter(Column::Digest.eq(digest(identity)));
        let Some((linked, user)) = select.one(&self.connection).await.map_err(store_error)? else {
            return Ok(None);
        };
        Ok(Some((read(&linked)?, users::read(user)?)))
    }
}

#[async_trait]
impl IdentityRepository for SqlRepositories<DatabaseTransaction> {
    async fn insert(&self, linked: &LinkedIdentity) -> Result<(), StoreError> {
        let insert = Entity::insert(row(linked)).exec_without_returning(&self.connection);
        insert
            .await
            .map_err(|error| new_row_error(error, Conflict::Identity))?;
        Ok(())
    }

    async fn touch(&self, identity: &Identity, now: Timestamp) -> Result<(), StoreError> {
        let update = Entity::update_many()
            .set(ActiveModel {
                last_used_at: Set(now.to_utc()),
                ..ActiveModel::default()
            })
            .filter(Column::Digest.eq(digest(identity)))
            .exec(&self.connection);
        update.await.map_err(store_error)?;
        Ok(())
    }

    async fn delete_all(&self, user: UserId) -> Result<u64, StoreError> {
        users::lock(&self.connection, user.0).await?;
        let delete = Entity::delete_many()
            .filter(Column::UserId.eq(user.0))
            .exec(&self.connection);
        Ok(delete.await.map_err(store_error)?.rows_affected)
    }
}
