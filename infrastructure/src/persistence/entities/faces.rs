//! The table `faces`.

use sea_orm::entity::prelude::*;

/// The face that a user logs in with, encrypted.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "faces")]
#[expect(
    clippy::struct_field_names,
    reason = "a column has the name of what the framework calls the row"
)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    pub id: Uuid,
    pub key_id: String,
    pub sealed: Vec<u8>,
    pub model: String,
    pub photos: i32,
    pub quality: f64,
    pub photos_kept: bool,
    pub enrolled_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
