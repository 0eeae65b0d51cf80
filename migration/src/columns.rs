//! What the databases spell differently, and how `MySQL` survives a change that was interrupted: there each statement is
//! a commit of its own, so a change that ended halfway is applied again from its beginning, past what is there already.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

/// Starts a table. `MySQL` compares text without case and accents unless told otherwise; here text is compared as it
/// is, as everywhere else, for what may be equal is decided in the domain.
pub(crate) fn table(manager: &SchemaManager<'_>, name: impl IntoTableRef) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(name);
    if manager.get_database_backend() == DbBackend::MySql {
        table
            .character_set("utf8mb4")
            .collate("utf8mb4_bin")
            .if_not_exists();
    }
    table
}

/// Adds an index to a table.
pub(crate) async fn create_index(
    manager: &SchemaManager<'_>,
    table: impl IntoIden,
    index: &mut IndexCreateStatement,
) -> Result<(), DbErr> {
    let table = table.into_iden();
    if manager.get_database_backend() == DbBackend::MySql
        && let Some(name) = index.get_index_spec().get_name()
        && manager.has_index(table.to_string(), name).await?
    {
        return Ok(());
    }
    manager.create_index(index.table(table).take()).await
}

/// Adds a column to a table.
pub(crate) async fn add_column(
    manager: &SchemaManager<'_>,
    table: impl IntoIden,
    column: &mut ColumnDef,
) -> Result<(), DbErr> {
    let table = table.into_iden();
    if manager.get_database_backend() == DbBackend::MySql
        && manager
            .has_column(table.to_string(), column.get_column_name())
            .await?
    {
        return Ok(());
    }
    manager
        .alter_table(Table::alter().table(table).add_column(column).take())
        .await
}

/// A moment in UTC with microseconds. There is no default: time comes from the program.
pub(crate) fn moment(manager: &SchemaManager<'_>, name: impl IntoIden) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    match manager.get_database_backend() {
        // Its `timestamp` ends in 2038 and both types drop fractions unless told how many digits to keep.
        DbBackend::MySql => column.custom("datetime(6)"),
        _ => column.timestamp_with_time_zone(),
    };
    column.not_null().take()
}

/// A moment that a user may choose, however far off, in UTC with microseconds. Without a time zone: what is sent to `MySQL`
/// with one is a `timestamp` on its way, which ends in 2038 and becomes nothing, in silence.
pub(crate) fn far_moment(manager: &SchemaManager<'_>, name: impl IntoIden) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    match manager.get_database_backend() {
        DbBackend::MySql => column.custom("datetime(6)"),
        _ => column.timestamp(),
    };
    column.take()
}

/// Text without a bound worth naming.
pub(crate) fn long_text(manager: &SchemaManager<'_>, name: impl IntoIden) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    match manager.get_database_backend() {
        // Its `text` ends at 64 KiB.
        DbBackend::MySql => column.custom("longtext"),
        _ => column.text(),
    };
    column.not_null().take()
}
