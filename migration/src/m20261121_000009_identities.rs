//! Who users are to OpenID providers.

use crate::{
    columns::{create_index, moment, table},
    m20261121_000001_accounts::Users,
};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum Identities {
    Table,
    Digest,
    Issuer,
    Subject,
    UserId,
    CreatedAt,
    LastUsedAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let identities = table(manager, Identities::Table)
            // SHA-256 of issuer and subject: as text the two would be longer than some indexes take.
            .col(
                ColumnDef::new(Identities::Digest)
                    .binary_len(32)
                    .not_null()
                    .primary_key(),
            )
            .col(ColumnDef::new(Identities::Issuer).string_len(255).not_null())
            .col(ColumnDef::new(Identities::Subject).string_len(255).not_null())
            .col(ColumnDef::new(Identities::UserId).uuid().not_null())
            .col(moment(manager, Identities::CreatedAt))
            .col(moment(manager, Identities::LastUsedAt))
            .foreign_key(
                ForeignKey::create()
                    .name("identities_user")
                    .from(Identities::Table, Identities::UserId)
                    .to(Users::Table, Users::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .take();
        manager.create_table(identities).await?;
        let mut by_user = Index::create()
            .name("identities_user_id")
            .col(Identities::UserId)
            .take();
        create_index(manager, Identities::Table, &mut by_user).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(Identities::Table).take())
            .await
    }
}
