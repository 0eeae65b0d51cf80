//! The table `throttle_counts`.

use sea_orm::entity::prelude::*;

/// How often something was tried, until when it counts.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "throttle_counts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub counter: Vec<u8>,
    pub count: i64,
    pub ends_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
