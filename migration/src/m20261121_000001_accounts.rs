//! Users, their sessions and the keys of their programs.

use crate::columns::{create_index, far_moment, moment, table};
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
    Address,
    UserAgent,
    CreatedAt,
    LastUsedAt,
    ExpiresAt,
}

#[derive(DeriveIden)]
enum SpentRefreshTokens {
    Table,
    Digest,
    SessionId,
    SpentAt,
}

#[derive(DeriveIden)]
enum ApiKeys {
    Table,
    Id,
    UserId,
    Name,
    Prefix,
    Digest,
    CreatedAt,
    LastUsedAt,
    ExpiresAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_users(manager).await?;
        create_sessions(manager).await?;
        create_spent_refresh_tokens(manager).await?;
        create_api_keys(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [
            ApiKeys::Table.into_iden(),
            SpentRefreshTokens::Table.into_iden(),
            Sessions::Table.into_iden(),
            Users::Table.into_iden(),
        ] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
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
        // As text, IPv6 in its longest form included.
        .col(ColumnDef::new(Sessions::Address).string_len(64).null())
        .col(ColumnDef::new(Sessions::UserAgent).string_len(255).null())
        .col(moment(manager, Sessions::CreatedAt))
        .col(moment(manager, Sessions::LastUsedAt))
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
    let mut by_user = Index::create()
        .name("sessions_user_id_id")
        .col(Sessions::UserId)
        .col(Sessions::Id)
        .take();
    create_index(manager, Sessions::Table, &mut by_user).await?;
    let mut by_token = Index::create()
        .name("sessions_refresh_token")
        .col(Sessions::RefreshTokenDigest)
        .unique()
        .take();
    create_index(manager, Sessions::Table, &mut by_token).await?;
    let mut by_end = Index::create()
        .name("sessions_expires_at")
        .col(Sessions::ExpiresAt)
        .take();
    create_index(manager, Sessions::Table, &mut by_end).await
}

async fn create_spent_refresh_tokens(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let tokens = table(manager, SpentRefreshTokens::Table)
        .col(
            ColumnDef::new(SpentRefreshTokens::Digest)
                .binary_len(32)
                .not_null()
                .primary_key(),
        )
        .col(ColumnDef::new(SpentRefreshTokens::SessionId).uuid().not_null())
        .col(moment(manager, SpentRefreshTokens::SpentAt))
        .foreign_key(
            ForeignKey::create()
                .name("spent_refresh_tokens_session")
                .from(SpentRefreshTokens::Table, SpentRefreshTokens::SessionId)
                .to(Sessions::Table, Sessions::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take();
    manager.create_table(tokens).await?;
    let mut by_session = Index::create()
        .name("spent_refresh_tokens_session_id")
        .col(SpentRefreshTokens::SessionId)
        .take();
    create_index(manager, SpentRefreshTokens::Table, &mut by_session).await
}

async fn create_api_keys(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let keys = table(manager, ApiKeys::Table)
        .col(ColumnDef::new(ApiKeys::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(ApiKeys::UserId).uuid().not_null())
        .col(ColumnDef::new(ApiKeys::Name).string_len(64).not_null())
        .col(ColumnDef::new(ApiKeys::Prefix).string_len(16).not_null())
        .col(ColumnDef::new(ApiKeys::Digest).binary_len(32).not_null())
        .col(moment(manager, ApiKeys::CreatedAt))
        .col(moment(manager, ApiKeys::LastUsedAt).null())
        .col(far_moment(manager, ApiKeys::ExpiresAt).null())
        .foreign_key(
            ForeignKey::create()
                .name("api_keys_user")
                .from(ApiKeys::Table, ApiKeys::UserId)
                .to(Users::Table, Users::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take();
    manager.create_table(keys).await?;
    let mut by_user = Index::create()
        .name("api_keys_user_id_id")
        .col(ApiKeys::UserId)
        .col(ApiKeys::Id)
        .take();
    create_index(manager, ApiKeys::Table, &mut by_user).await?;
    let mut by_digest = Index::create()
        .name("api_keys_digest")
        .col(ApiKeys::Digest)
        .unique()
        .take();
    create_index(manager, ApiKeys::Table, &mut by_digest).await
}
