//! Users.

use super::{
    Connection, SqlRepositories,
    entities::users::{ActiveModel, Column, Entity, Model},
    error::{CorruptRow, store_error},
};
use async_trait::async_trait;
use domain::{
    accounts::{Email, PasswordHash, User, UserReader, UserRepository, UserSearch, Username},
    clock::Timestamp,
    ids::UserId,
    page::{Page, PageRequest},
    store::StoreError,
};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{ExprTrait, LikeExpr, SimpleExpr},
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
        has_face: row.has_face,
        role: row.role.parse().map_err(|_| corrupt("role"))?,
        disabled_at: row.disabled_at.map(Timestamp::new),
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
        has_face: Set(user.has_face),
        role: Set(user.role.as_str().to_owned()),
        disabled_at: Set(user.disabled_at.map(Timestamp::to_utc)),
        image_count: NotSet,
        stored_bytes: NotSet,
        created_at: Set(user.created_at.to_utc()),
        updated_at: Set(user.updated_at.to_utc()),
    }
}

/// That the column holds the part, whatever signs are in it.
fn holds(column: Column, part: &str) -> SimpleExpr {
    let mut pattern = "%".to_owned();
    for character in part.chars() {
        if "%_!".contains(character) {
            pattern.push('!');
        }
        pattern.push(character);
    }
    pattern.push('%');
    column.into_expr().like(LikeExpr::new(pattern).escape('!'))
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
impl<C: Connection> UserReader for SqlRepositories<C> {
    async fn find_by_username(&self, username: &Username) -> Result<Option<User>, StoreError> {
        let select = Entity::find().filter(Column::UsernameKey.eq(username.key()));
        user(select.one(&self.connection).await.map_err(store_error)?)
    }

    async fn find_by_email(&self, email: &Email) -> Result<Option<User>, StoreError> {
        let select = Entity::find().filter(Column::EmailKey.eq(email.key()));
        user(select.one(&self.connection).await.map_err(store_error)?)
    }

    async fn list(&self, matching: Option<UserSearch>, page: PageRequest) -> Result<Page<User>, StoreError> {
        let matching = matching.map(|search| {
            Condition::any()
                .add(holds(Column::UsernameKey, &search.username_part()))
                .add(holds(Column::EmailKey, &search.email_part()))
        });
        let rows = Entity::find()
            .filter(Condition::all().add_option(matching))
            .filter(Condition::all().add_option(page.after.map(|id| Column::Id.lt(id))))
            .order_by_desc(Column::Id)
            .limit(page.limit.get() + 1)
            .all(&self.connection);
        let rows = rows.await.map_err(store_error)?.into_iter();
        let users = rows.map(read).collect::<Result<_, _>>()?;
        Ok(Page::from_lookahead(users, page.limit, |user: &User| user.id.0))
    }
}

#[async_trait]
impl UserRepository for SqlRepositories<DatabaseTransaction> {
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
            0 => Err(StoreError::OwnerDeleted),
            _ => Ok(()),
        }
    }

    async fn delete(&self, id: UserId) -> Result<(), StoreError> {
        let delete = Entity::delete_by_id(id.0).exec(&self.connection);
        delete.await.map_err(store_error)?;
        Ok(())
    }
}
