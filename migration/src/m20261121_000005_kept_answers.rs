//! Answers that are kept for repeated requests.

use crate::{
    columns::{create_index, long_text, moment, table},
    m20261121_000001_accounts::Users,
};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum KeptAnswers {
    Table,
    UserId,
    Operation,
    KeyDigest,
    Attempt,
    BegunAt,
    PendingUntil,
    RequestDigest,
    Status,
    Location,
    Body,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let answers = table(manager, KeptAnswers::Table)
            .col(ColumnDef::new(KeptAnswers::UserId).uuid().not_null())
            .col(ColumnDef::new(KeptAnswers::Operation).string_len(64).not_null())
            // SHA-256 of the key: as text it would be longer than some indexes take.
            .col(ColumnDef::new(KeptAnswers::KeyDigest).binary_len(32).not_null())
            .col(ColumnDef::new(KeptAnswers::Attempt).uuid().not_null())
            .col(moment(manager, KeptAnswers::BegunAt))
            // While there is no answer; then it is empty, and the columns after it are not.
            .col(moment(manager, KeptAnswers::PendingUntil).null())
            .col(ColumnDef::new(KeptAnswers::RequestDigest).binary_len(32).null())
            .col(ColumnDef::new(KeptAnswers::Status).big_integer().null())
            .col(long_text(manager, KeptAnswers::Location).null())
            .col(long_text(manager, KeptAnswers::Body).null())
            .primary_key(
                Index::create()
                    .col(KeptAnswers::UserId)
                    .col(KeptAnswers::Operation)
                    .col(KeptAnswers::KeyDigest),
            )
            .foreign_key(
                ForeignKey::create()
                    .name("kept_answers_user")
                    .from(KeptAnswers::Table, KeptAnswers::UserId)
                    .to(Users::Table, Users::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .take();
        manager.create_table(answers).await?;
        let mut by_age = Index::create()
            .name("kept_answers_begun_at")
            .col(KeptAnswers::BegunAt)
            .take();
        create_index(manager, KeptAnswers::Table, &mut by_age).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(KeptAnswers::Table).take())
            .await
    }
}
