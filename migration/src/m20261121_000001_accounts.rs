//! Users and their sessions.

use crate::columns::{create_index, moment, table};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
pub(crate) enum Users {
    Table,
    Id,
    Username,
    UsernameKey,
    Email,
    EmailKey,
    EmailVerified,
    PasswordHash,
    ImageCount,
    StoredBytes,
    CreatedAt,
    UpdatedAt,
}

#[derive(DeriveIden)]
enum Sessions {
    Table,
    Id,
    UserId,
    RefreshTokenDigest,
    CreatedAt,
    ExpiresAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_users(manager).await?;
        create_sessions(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(Sessions::Table).take())
            .await?;
        manager.drop_table(Table::drop().table(Users::Table).take()).await
    }
}

async fn create_users(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let users = table(manager, Users::Table)
        .col(ColumnDef::new(Users::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(Users::Username).string_len(64).not_null())
        .col(ColumnDef::new(Users::UsernameKey).string_len(255).not_null())
        .col(ColumnDef::new(Users::Email).string_len(254).not_null())
        .col(ColumnDef::new(Users::EmailKey).string_len(255).not_null())
        .col(ColumnDef::new(Users::EmailVerified).boolean().not_null())
        .col(ColumnDef::new(Users::PasswordHash).string_len(255).null())
        // What the user stores, counted here so that one statement can claim room within the quota.
        .col(ColumnDef::new(Users::ImageCount).big_integer().not_null())
        .col(ColumnDef::new(Users::StoredBytes).big_integer().not_null())
        .col(moment(manager, Users::CreatedAt))
        .col(moment(manager, Users::UpdatedAt))
        .take();
    manager.create_table(users).await?;
    // The adapter tells the two apart by the column names that end these names.
    for (name, column) in [
        ("users_username_key", Users::UsernameKey),
        ("users_email_key", Users::EmailKey),
    ] {
        let mut index = Index::create().name(name).col(column).unique().take();
        create_index(manager, Users::Table, &mut index).await?;
    }
    Ok(())
}

async fn create_sessions(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let sessions = table(manager, Sessions::Table)
        .col(ColumnDef::new(Sessions::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(Sessions::UserId).uuid().not_null())
        .col(
            ColumnDef::new(Sessions::RefreshTokenDigest)
                .binary_len(32)
                .not_null(),
        )
        .col(moment(manager, Sessions::CreatedAt))
        .col(moment(manager, Sessions::ExpiresAt))
        .foreign_key(
            ForeignKey::create()
                .name("sessions_user")
                .from(Sessions::Table, Sessions::UserId)
                .to(Users::Table, Users::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take();
    manager.create_table(sessions).await?;
    for (name, column, unique) in [
        ("sessions_user_id", Sessions::UserId, false),
        ("sessions_refresh_token", Sessions::RefreshTokenDigest, true),
        ("sessions_expires_at", Sessions::ExpiresAt, false),
    ] {
        let mut index = Index::create().name(name).col(column).take();
        if unique {
            index.unique();
        }
        create_index(manager, Sessions::Table, &mut index).await?;
    }
    Ok(())
}
