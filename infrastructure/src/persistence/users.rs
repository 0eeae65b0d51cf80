//! Users.

use super::{
    Connection, Sea,
    entities::users::{ActiveModel, Column, Entity, Model},
    error::{CorruptRow, store_error},
};
use async_trait::async_trait;
use domain::{
    accounts::{Email, PasswordHash, User, UserRepository, Username},
    clock::Timestamp,
    ids::UserId,
    store::StoreError,
};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, EntityTrait, QueryFilter, QuerySelect,
};
use uuid::Uuid;

pub(super) fn read(row: Model) -> Result<User, CorruptRow> {
    let corrupt = |column| CorruptRow {
        table: "users",
        column,
    };
    Ok(User {
        id: UserId(row.id),
        username: Username::parse(&row.username).ok_or(corrupt("username"))?,
        email: Email::parse(&row.email).ok_or(corrupt("email"))?,
        email_verified: row.email_verified,
        password_hash: row.password_hash.map(PasswordHash::new),
        created_at: Timestamp::new(row.created_at),
        updated_at: Timestamp::new(row.updated_at),
    })
}

/// Every field of a user. What is counted against his quota is none and stays as it is.
fn row(user: &User) -> ActiveModel {
    ActiveModel {
        id: Set(user.id.0),
        username: Set(user.username.as_str().to_owned()),
        username_key: Set(user.username.key().to_owned()),
        email: Set(user.email.as_str().to_owned()),
        email_key: Set(user.email.key().to_owned()),
        email_verified: Set(user.email_verified),
        password_hash: Set(user.password_hash.as_ref().map(|hash| hash.expose().to_owned())),
        image_count: NotSet,
        stored_bytes: NotSet,
        created_at: Set(user.created_at.to_utc()),
        updated_at: Set(user.updated_at.to_utc()),
    }
}

/// The user that a read found.
pub(super) fn user(found: Option<Model>) -> Result<Option<User>, StoreError> {
    Ok(found.map(read).transpose()?)
}

/// Takes a user's row until the unit of work ends. Who changes several rows of a user takes this one first, as the
/// deletion of the account does: in another order the two would wait for each other.
pub(super) async fn lock(connection: &impl Connection, id: Uuid) -> Result<Option<Model>, StoreError> {
    // SQLite has no such lock and needs none: a unit of work there is alone from its beginning.
    let select = Entity::find_by_id(id).lock_exclusive();
    select.one(connection).await.map_err(store_error)
}

#[async_trait]
impl<C: Connection> UserRepository for Sea<C> {
    async fn find_by_username(&self, username: &Username) -> Result<Option<User>, StoreError> {
        let select = Entity::find().filter(Column::UsernameKey.eq(username.key()));
        user(select.one(&self.connection).await.map_err(store_error)?)
    }

    async fn find_by_email(&self, email: &Email) -> Result<Option<User>, StoreError> {
        let select = Entity::find().filter(Column::EmailKey.eq(email.key()));
        user(select.one(&self.connection).await.map_err(store_error)?)
    }

    async fn lock(&self, id: UserId) -> Result<Option<User>, StoreError> {
        Ok(lock(&self.connection, id.0).await?.map(read).transpose()?)
    }

    async fn insert(&self, user: &User) -> Result<(), StoreError> {
        let row = ActiveModel {
            image_count: Set(0),
            stored_bytes: Set(0),
            ..row(user)
        };
        let insert = Entity::insert(row).exec_without_returning(&self.connection);
        insert.await.map_err(store_error)?;
        Ok(())
    }

    async fn update(&self, user: &User) -> Result<(), StoreError> {
        let update = Entity::update_many()
            .set(ActiveModel {
                id: NotSet,
                ..row(user)
            })
            .filter(Column::Id.eq(user.id.0))
            .exec(&self.connection);
        match update.await.map_err(store_error)?.rows_affected {
            0 => Err(StoreError::OwnerGone),
            _ => Ok(()),
        }
    }

    async fn delete(&self, id: UserId) -> Result<(), StoreError> {
        let delete = Entity::delete_by_id(id.0).exec(&self.connection);
        delete.await.map_err(store_error)?;
        Ok(())
    }
}
