//! The database schema: one file per change, each valid on every supported database. A change that was released is
//! never edited; the next one corrects it.

mod columns;
mod m20261121_000001_accounts;
mod m20261121_000002_images;
mod m20261121_000003_texts;
mod m20261121_000004_tasks;
mod m20261121_000005_kept_answers;
mod m20261121_000006_throttles;
mod m20261121_000007_mail_codes;
mod m20261121_000008_roles_and_events;
mod m20261121_000009_identities;
mod m20261121_000010_faces;
mod m20261121_000011_predictions;

use sea_orm_migration::{MigrationTrait, MigratorTrait, async_trait};

/// Every change, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_accounts::Migration),
            Box::new(m20261121_000002_images::Migration),
            Box::new(m20261121_000003_texts::Migration),
            Box::new(m20261121_000004_tasks::Migration),
            Box::new(m20261121_000005_kept_answers::Migration),
            Box::new(m20261121_000006_throttles::Migration),
            Box::new(m20261121_000007_mail_codes::Migration),
            Box::new(m20261121_000008_roles_and_events::Migration),
            Box::new(m20261121_000009_identities::Migration),
            Box::new(m20261121_000010_faces::Migration),
            Box::new(m20261121_000011_predictions::Migration),
        ]
    }
}
