//! The table `users`.

use sea_orm::entity::prelude::*;

/// A user, with what is counted against the quota.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub username: String,
    pub username_key: String,
    pub email: String,
    pub email_key: String,
    pub email_verified: bool,
    pub password_hash: Option<String>,
    pub has_face: bool,
    pub role: String,
    pub disabled_at: Option<DateTimeUtc>,
    pub image_count: i64,
    pub stored_bytes: i64,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(has_many = "super::sessions::Entity")]
    Sessions,
}

impl ActiveModelBehavior for ActiveModel {}
