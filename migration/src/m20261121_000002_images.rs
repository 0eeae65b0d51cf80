//! Images, and blobs that are to be deleted.

use crate::{
    columns::{create_index, moment, table},
    m20261121_000001_accounts::Users,
};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
pub(crate) enum Images {
    Table,
    Id,
    OwnerId,
    Filename,
    MediaType,
    SizeBytes,
    Width,
    Height,
    Pages,
    Sha256,
    UploadedAt,
}

#[derive(DeriveIden)]
enum BlobDeletions {
    Table,
    BlobKey,
    DueAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_images(manager).await?;
        create_blob_deletions(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(BlobDeletions::Table).take())
            .await?;
        manager
            .drop_table(Table::drop().table(Images::Table).take())
            .await
    }
}

async fn create_images(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let images = table(manager, Images::Table)
        .col(ColumnDef::new(Images::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(Images::OwnerId).uuid().not_null())
        .col(ColumnDef::new(Images::Filename).string_len(255).not_null())
        .col(ColumnDef::new(Images::MediaType).string_len(64).not_null())
        .col(ColumnDef::new(Images::SizeBytes).big_integer().not_null())
        .col(ColumnDef::new(Images::Width).big_integer().not_null())
        .col(ColumnDef::new(Images::Height).big_integer().not_null())
        .col(ColumnDef::new(Images::Pages).big_integer().not_null())
        .col(ColumnDef::new(Images::Sha256).binary_len(32).not_null())
        .col(moment(manager, Images::UploadedAt))
        .foreign_key(
            ForeignKey::create()
                .name("images_owner")
                .from(Images::Table, Images::OwnerId)
                .to(Users::Table, Users::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take();
    manager.create_table(images).await?;
    let mut by_owner = Index::create()
        .name("images_owner_id_id")
        .col(Images::OwnerId)
        .col(Images::Id)
        .take();
    create_index(manager, Images::Table, &mut by_owner).await
}

async fn create_blob_deletions(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let deletions = table(manager, BlobDeletions::Table)
        .col(
            ColumnDef::new(BlobDeletions::BlobKey)
                .string_len(255)
                .not_null()
                .primary_key(),
        )
        .col(moment(manager, BlobDeletions::DueAt))
        .take();
    manager.create_table(deletions).await?;
    let mut by_moment = Index::create()
        .name("blob_deletions_due_at")
        .col(BlobDeletions::DueAt)
        .take();
    create_index(manager, BlobDeletions::Table, &mut by_moment).await
}
