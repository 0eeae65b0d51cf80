//! The table `prediction_tallies`.

use sea_orm::entity::prelude::*;

/// How many predictions there are of a quarter of an hour.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "prediction_tallies")]
pub struct Model {
    /// Zeros for everybody.
    #[sea_orm(primary_key, auto_increment = false)]
    pub owner_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub quarter: i64,
    pub predictions: i64,
    pub given: i64,
    pub correct: i64,
    /// Images that were looked at then, and not since.
    pub images: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
