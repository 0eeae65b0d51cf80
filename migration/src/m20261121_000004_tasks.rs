//! Work that is done later.

use crate::{
    columns::{create_index, long_text, moment, table},
    m20261121_000001_accounts::Users,
};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden, Clone, Copy)]
enum Tasks {
    Table,
    Id,
    OwnerId,
    ImageId,
    Kind,
    Languages,
    State,
    Turn,
    Attempts,
    Token,
    DueAt,
    PagesDone,
    PagesTotal,
    CreatedAt,
    StartedAt,
    FinishedAt,
    FailureCode,
    FailureDetail,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_tasks(manager).await?;
        create_indexes(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Tasks::Table).take()).await
    }
}

async fn create_tasks(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let tasks = table(manager, Tasks::Table)
        .col(ColumnDef::new(Tasks::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(Tasks::OwnerId).uuid().not_null())
        // No foreign key: a task stays visible when its image is deleted.
        .col(ColumnDef::new(Tasks::ImageId).uuid().not_null())
        .col(ColumnDef::new(Tasks::Kind).string_len(32).not_null())
        .col(ColumnDef::new(Tasks::Languages).string_len(760).null())
        // ready, resting, running, succeeded, failed or cancelled.
        .col(ColumnDef::new(Tasks::State).string_len(16).not_null())
        .col(ColumnDef::new(Tasks::Turn).big_integer().not_null())
        .col(ColumnDef::new(Tasks::Attempts).big_integer().not_null())
        .col(ColumnDef::new(Tasks::Token).big_integer().not_null())
        // When the row must be looked at next: a ready one since it is ready, while no message tells of it; a resting
        // one when its next attempt may begin; a running one when its lease ends.
        .col(moment(manager, Tasks::DueAt).null())
        .col(ColumnDef::new(Tasks::PagesDone).big_integer().not_null())
        .col(ColumnDef::new(Tasks::PagesTotal).big_integer().not_null())
        .col(moment(manager, Tasks::CreatedAt))
        .col(moment(manager, Tasks::StartedAt).null())
        .col(moment(manager, Tasks::FinishedAt).null())
        .col(ColumnDef::new(Tasks::FailureCode).string_len(64).null())
        .col(long_text(manager, Tasks::FailureDetail).null())
        .foreign_key(
            ForeignKey::create()
                .name("tasks_owner")
                .from(Tasks::Table, Tasks::OwnerId)
                .to(Users::Table, Users::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take();
    manager.create_table(tasks).await
}

async fn create_indexes(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let indexes: [(&str, &[Tasks]); 6] = [
        // Whose turn it is.
        ("tasks_state_turn_id", &[Tasks::State, Tasks::Turn, Tasks::Id]),
        // What is due.
        ("tasks_state_due_at", &[Tasks::State, Tasks::DueAt]),
        // The owner's list; of one status; and the last turn that is his.
        ("tasks_owner_id_id", &[Tasks::OwnerId, Tasks::Id]),
        (
            "tasks_owner_id_state_id",
            &[Tasks::OwnerId, Tasks::State, Tasks::Id],
        ),
        (
            "tasks_state_owner_id_turn",
            &[Tasks::State, Tasks::OwnerId, Tasks::Turn],
        ),
        ("tasks_image_id", &[Tasks::ImageId]),
    ];
    for (name, columns) in indexes {
        let mut index = Index::create().name(name).take();
        for column in columns {
            index.col(*column);
        }
        create_index(manager, Tasks::Table, &mut index).await?;
    }
    Ok(())
}
