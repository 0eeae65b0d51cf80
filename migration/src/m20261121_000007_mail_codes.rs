//! Mails that are to be sent, and the codes that were.

use crate::{
    columns::{create_index, moment, table},
    m20261121_000001_accounts::Users,
};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum MailOrders {
    Table,
    Id,
    UserId,
    Purpose,
    Language,
    Attempts,
    DueAt,
    CreatedAt,
}

#[derive(DeriveIden)]
enum Codes {
    Table,
    UserId,
    Purpose,
    Id,
    EmailKey,
    Hash,
    AttemptsLeft,
    ExpiresAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_mail_orders(manager).await?;
        create_codes(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(Codes::Table).take())
            .await?;
        manager
            .drop_table(Table::drop().table(MailOrders::Table).take())
            .await
    }
}

async fn create_mail_orders(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let orders = table(manager, MailOrders::Table)
        .col(ColumnDef::new(MailOrders::Id).uuid().not_null().primary_key())
        // Empty where nobody has the address: asking for a mail takes as long then.
        .col(ColumnDef::new(MailOrders::UserId).uuid().null())
        .col(ColumnDef::new(MailOrders::Purpose).string_len(32).not_null())
        .col(ColumnDef::new(MailOrders::Language).string_len(8).not_null())
        .col(ColumnDef::new(MailOrders::Attempts).big_integer().not_null())
        // When somebody may take it upon himself.
        .col(moment(manager, MailOrders::DueAt))
        .col(moment(manager, MailOrders::CreatedAt))
        .foreign_key(
            ForeignKey::create()
                .name("mail_orders_user")
                .from(MailOrders::Table, MailOrders::UserId)
                .to(Users::Table, Users::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take();
    manager.create_table(orders).await?;
    let mut by_moment = Index::create()
        .name("mail_orders_due_at")
        .col(MailOrders::DueAt)
        .take();
    create_index(manager, MailOrders::Table, &mut by_moment).await?;
    let mut by_user = Index::create()
        .name("mail_orders_user_id_purpose_id")
        .col(MailOrders::UserId)
        .col(MailOrders::Purpose)
        .col(MailOrders::Id)
        .take();
    create_index(manager, MailOrders::Table, &mut by_user).await
}

async fn create_codes(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let codes = table(manager, Codes::Table)
        .col(ColumnDef::new(Codes::UserId).uuid().not_null())
        .col(ColumnDef::new(Codes::Purpose).string_len(32).not_null())
        .col(ColumnDef::new(Codes::Id).uuid().not_null())
        .col(ColumnDef::new(Codes::EmailKey).string_len(255).not_null())
        .col(ColumnDef::new(Codes::Hash).string_len(255).not_null())
        .col(ColumnDef::new(Codes::AttemptsLeft).big_integer().not_null())
        .col(moment(manager, Codes::ExpiresAt))
        .primary_key(Index::create().col(Codes::UserId).col(Codes::Purpose))
        .foreign_key(
            ForeignKey::create()
                .name("codes_user")
                .from(Codes::Table, Codes::UserId)
                .to(Users::Table, Users::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take();
    manager.create_table(codes).await?;
    let mut by_end = Index::create()
        .name("codes_expires_at")
        .col(Codes::ExpiresAt)
        .take();
    create_index(manager, Codes::Table, &mut by_end).await
}
