//! What strangers tried, and from where users logged in.

use crate::{
    columns::{create_index, moment, table},
    m20261121_000001_accounts::Users,
};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum ThrottleCounts {
    Table,
    Counter,
    Count,
    EndsAt,
}

#[derive(DeriveIden)]
enum LoginNetworks {
    Table,
    UserId,
    Network,
    LastLoginAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let counts = table(manager, ThrottleCounts::Table)
            .col(
                ColumnDef::new(ThrottleCounts::Counter)
                    .binary_len(32)
                    .not_null()
                    .primary_key(),
            )
            .col(ColumnDef::new(ThrottleCounts::Count).big_integer().not_null())
            .col(moment(manager, ThrottleCounts::EndsAt))
            .take();
        manager.create_table(counts).await?;
        let mut by_end = Index::create()
            .name("throttle_counts_ends_at")
            .col(ThrottleCounts::EndsAt)
            .take();
        create_index(manager, ThrottleCounts::Table, &mut by_end).await?;
        let networks = table(manager, LoginNetworks::Table)
            .col(ColumnDef::new(LoginNetworks::UserId).uuid().not_null())
            // As text, IPv6 in its longest form included.
            .col(ColumnDef::new(LoginNetworks::Network).string_len(64).not_null())
            .col(moment(manager, LoginNetworks::LastLoginAt))
            .primary_key(
                Index::create()
                    .col(LoginNetworks::UserId)
                    .col(LoginNetworks::Network),
            )
            .foreign_key(
                ForeignKey::create()
                    .name("login_networks_user")
                    .from(LoginNetworks::Table, LoginNetworks::UserId)
                    .to(Users::Table, Users::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .take();
        manager.create_table(networks).await?;
        let mut by_age = Index::create()
            .name("login_networks_last_login_at")
            .col(LoginNetworks::LastLoginAt)
            .take();
        create_index(manager, LoginNetworks::Table, &mut by_age).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [
            LoginNetworks::Table.into_iden(),
            ThrottleCounts::Table.into_iden(),
        ] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}
