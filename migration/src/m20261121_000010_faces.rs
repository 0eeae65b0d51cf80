//! Faces that users log in with.

use crate::{
    columns::{add_column, create_index, moment, table},
    m20261121_000001_accounts::Users,
};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum UserColumns {
    HasFace,
}

#[derive(DeriveIden)]
enum Faces {
    Table,
    UserId,
    Id,
    KeyId,
    Sealed,
    Model,
    Photos,
    Quality,
    PhotosKept,
    EnrolledAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // The default is for the users whom there are already; the program says it of others.
        let mut has_face = ColumnDef::new(UserColumns::HasFace)
            .boolean()
            .not_null()
            .default(false)
            .take();
        add_column(manager, Users::Table, &mut has_face).await?;
        let faces = table(manager, Faces::Table)
            .col(ColumnDef::new(Faces::UserId).uuid().not_null().primary_key())
            .col(ColumnDef::new(Faces::Id).uuid().not_null())
            .col(ColumnDef::new(Faces::KeyId).string_len(32).not_null())
            .col(ColumnDef::new(Faces::Sealed).var_binary(1024).not_null())
            .col(ColumnDef::new(Faces::Model).string_len(64).not_null())
            .col(ColumnDef::new(Faces::Photos).integer().not_null())
            .col(ColumnDef::new(Faces::Quality).double().not_null())
            .col(ColumnDef::new(Faces::PhotosKept).boolean().not_null())
            .col(moment(manager, Faces::EnrolledAt))
            .foreign_key(
                ForeignKey::create()
                    .name("faces_user")
                    .from(Faces::Table, Faces::UserId)
                    .to(Users::Table, Users::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .take();
        manager.create_table(faces).await?;
        let mut by_id = Index::create().name("faces_id").col(Faces::Id).unique().take();
        create_index(manager, Faces::Table, &mut by_id).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(Faces::Table).take())
            .await?;
        let mut users = Table::alter().table(Users::Table).take();
        manager
            .alter_table(users.drop_column(UserColumns::HasFace).take())
            .await
    }
}
