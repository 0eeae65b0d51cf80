//! The table `tasks`.

use sea_orm::entity::prelude::*;

/// A task, with what its workers share.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tasks")]
#[expect(
    clippy::struct_field_names,
    reason = "a column has the name of what the framework calls the row"
)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub owner_id: Uuid,
    pub image_id: Uuid,
    pub kind: String,
    pub languages: Option<String>,
    pub model: Option<String>,
    pub state: String,
    /// When it is claimed, among those that are ready: the lowest first.
    pub turn: i64,
    pub attempts: i64,
    /// Of the latest claim; 0 before the first.
    pub token: i64,
    /// When the row must be looked at next. Of a ready task: since when it is ready, while no message tells of it.
    pub due_at: Option<DateTimeUtc>,
    pub pages_done: i64,
    pub pages_total: i64,
    pub created_at: DateTimeUtc,
    pub started_at: Option<DateTimeUtc>,
    pub finished_at: Option<DateTimeUtc>,
    pub failure_code: Option<String>,
    pub failure_detail: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
