//! The table `kept_answers`.

use sea_orm::entity::prelude::*;

/// An idempotency key: taken by an attempt that has no answer yet, or with its answer.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "kept_answers")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub operation: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub key_digest: Vec<u8>,
    pub attempt: Uuid,
    pub begun_at: DateTimeUtc,
    pub pending_until: Option<DateTimeUtc>,
    pub request_digest: Option<Vec<u8>>,
    pub status: Option<i64>,
    pub location: Option<String>,
    pub body: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
