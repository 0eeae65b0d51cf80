//! The table `feedbacks`.

use sea_orm::entity::prelude::*;

/// What was said of a prediction at one time.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "feedbacks")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub prediction_id: Uuid,
    pub correct: bool,
    pub label: Option<String>,
    pub comment: Option<String>,
    pub given_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
