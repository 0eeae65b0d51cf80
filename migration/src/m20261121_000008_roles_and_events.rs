//! What users may do, whose accounts are shut, and what happened to accounts.

use crate::{
    columns::{add_column, create_index, moment, table},
    m20261121_000001_accounts::Users,
};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum UserColumns {
    Role,
    DisabledAt,
}

#[derive(DeriveIden)]
enum UserEvents {
    Table,
    Id,
    UserId,
    AdminId,
    Kind,
    Address,
    UserAgent,
    CreatedAt,
    ExpiresAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // The default is for the users whom there are already; the program names the role of others.
        let mut role = ColumnDef::new(UserColumns::Role)
            .string_len(16)
            .not_null()
            .default("user")
            .take();
        add_column(manager, Users::Table, &mut role).await?;
        let mut disabled_at = moment(manager, UserColumns::DisabledAt).null().take();
        add_column(manager, Users::Table, &mut disabled_at).await?;
        create_events(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(UserEvents::Table).take())
            .await?;
        for column in [UserColumns::DisabledAt, UserColumns::Role] {
            let mut users = Table::alter().table(Users::Table).take();
            manager.alter_table(users.drop_column(column).take()).await?;
        }
        Ok(())
    }
}

async fn create_events(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let events = table(manager, UserEvents::Table)
        .col(ColumnDef::new(UserEvents::Id).uuid().not_null().primary_key())
        // No foreign keys: an event outlives its account. Empty for a login with a name that nobody has.
        .col(ColumnDef::new(UserEvents::UserId).uuid().null())
        .col(ColumnDef::new(UserEvents::AdminId).uuid().null())
        .col(ColumnDef::new(UserEvents::Kind).string_len(32).not_null())
        .col(ColumnDef::new(UserEvents::Address).string_len(64).null())
        .col(ColumnDef::new(UserEvents::UserAgent).string_len(255).null())
        .col(moment(manager, UserEvents::CreatedAt))
        .col(moment(manager, UserEvents::ExpiresAt))
        .take();
    manager.create_table(events).await?;
    let mut by_user = Index::create()
        .name("user_events_user_id_id")
        .col(UserEvents::UserId)
        .col(UserEvents::Id)
        .take();
    create_index(manager, UserEvents::Table, &mut by_user).await?;
    let mut by_end = Index::create()
        .name("user_events_expires_at")
        .col(UserEvents::ExpiresAt)
        .take();
    create_index(manager, UserEvents::Table, &mut by_end).await
}
