//! The table `predictions`.

use sea_orm::{FromJsonQueryResult, entity::prelude::*};
use serde::{Deserialize, Serialize};

/// What a classifier said of an image.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "predictions")]
#[expect(
    clippy::struct_field_names,
    reason = "a column has the name of what the framework calls the row"
)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub owner_id: Uuid,
    pub image_id: Uuid,
    pub model: String,
    pub version: String,
    pub sha256: Vec<u8>,
    pub label: String,
    pub confidence: f64,
    pub probabilities: Probabilities,
    /// Microseconds since 1970-01-01T00:00Z.
    pub created_at: i64,
    pub verdict: i16,
    pub feedback_id: Option<Uuid>,
}

/// Labels with their probabilities, in the order of the model: far smaller than with named fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Probabilities(pub Vec<(String, f64)>);

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
