//! The table `prediction_outcomes`.

use sea_orm::entity::prelude::*;

/// How many predictions of a time count as the same.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "prediction_outcomes")]
pub struct Model {
    /// Zeros for everybody.
    #[sea_orm(primary_key, auto_increment = false)]
    pub owner_id: Uuid,
    /// Quarters of an hour.
    #[sea_orm(primary_key, auto_increment = false)]
    pub span: i16,
    /// The first of them.
    #[sea_orm(primary_key, auto_increment = false)]
    pub start: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub label: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub verdict: i16,
    /// Empty where it is not known.
    #[sea_orm(primary_key, auto_increment = false)]
    pub actual: String,
    pub count: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
