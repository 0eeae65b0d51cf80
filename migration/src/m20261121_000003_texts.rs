//! What was read from images.

use crate::{
    columns::{create_index, long_text, moment, table},
    m20261121_000002_images::Images,
};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum Texts {
    Table,
    Id,
    ImageId,
    Languages,
    Engine,
    DurationMs,
    CreatedAt,
}

#[derive(DeriveIden)]
enum TextPages {
    Table,
    TextId,
    Number,
    Width,
    Height,
    Rotation,
    Text,
    Words,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_texts(manager).await?;
        create_pages(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(TextPages::Table).take())
            .await?;
        manager.drop_table(Table::drop().table(Texts::Table).take()).await
    }
}

async fn create_texts(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let texts = table(manager, Texts::Table)
        .col(ColumnDef::new(Texts::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(Texts::ImageId).uuid().not_null())
        // The longest that MySQL takes into an index beside an id.
        .col(ColumnDef::new(Texts::Languages).string_len(760).not_null())
        .col(ColumnDef::new(Texts::Engine).string_len(255).not_null())
        .col(ColumnDef::new(Texts::DurationMs).big_integer().not_null())
        .col(moment(manager, Texts::CreatedAt))
        .foreign_key(
            ForeignKey::create()
                .name("texts_image")
                .from(Texts::Table, Texts::ImageId)
                .to(Images::Table, Images::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take();
    manager.create_table(texts).await?;
    let mut once = Index::create()
        .name("texts_image_id_languages")
        .col(Texts::ImageId)
        .col(Texts::Languages)
        .unique()
        .take();
    create_index(manager, Texts::Table, &mut once).await
}

async fn create_pages(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let pages = table(manager, TextPages::Table)
        .col(ColumnDef::new(TextPages::TextId).uuid().not_null())
        .col(ColumnDef::new(TextPages::Number).big_integer().not_null())
        .col(ColumnDef::new(TextPages::Width).big_integer().not_null())
        .col(ColumnDef::new(TextPages::Height).big_integer().not_null())
        .col(ColumnDef::new(TextPages::Rotation).float().not_null())
        .col(long_text(manager, TextPages::Text))
        // Rows of [text, confidence, x, y, width, height], in reading order.
        .col(ColumnDef::new(TextPages::Words).json().not_null())
        .primary_key(Index::create().col(TextPages::TextId).col(TextPages::Number))
        .foreign_key(
            ForeignKey::create()
                .name("text_pages_text")
                .from(TextPages::Table, TextPages::TextId)
                .to(Texts::Table, Texts::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take();
    manager.create_table(pages).await
}
