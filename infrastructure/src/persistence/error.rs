//! What goes wrong with a database, and what of it the domain hears.

use domain::{
    BoxError,
    store::{Conflict, StoreError},
};
use sea_orm::{
    DbErr, RuntimeErr, SqlErr,
    sqlx::{mysql::MySqlDatabaseError, sqlite::SqliteError},
};

/// Why the database cannot be used. No message holds the address or its password.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The address names no database that is supported.
    #[error("the database address is not valid: {0}")]
    Address(String),
    /// The database cannot be reached, or refuses the login.
    #[error("the database cannot be reached: {0}")]
    Unreachable(#[source] BoxError),
    /// The server has no encryption, or nobody trusted vouches for it.
    #[error("there is no protected connection to the database: {0}")]
    Untrusted(#[source] BoxError),
    /// A newer version of the program changed the schema.
    #[error("the database schema is newer than this program: it does not know the migration {migration}")]
    SchemaNewer {
        /// The last change that the program does not know.
        migration: String,
    },
    /// The schema lacks changes that the program needs.
    #[error("the database schema is older than this program: the migration {migration} was not applied")]
    SchemaOlder {
        /// The first change that is missing.
        migration: String,
    },
    /// A statement failed.
    #[error("the database failed: {0}")]
    Failed(#[from] DbErr),
}

/// A row holds what the program never wrote.
#[derive(Debug, thiserror::Error)]
#[error("a row of {table} holds an unreadable {column}")]
pub(super) struct CorruptRow {
    /// The table.
    pub(super) table: &'static str,
    /// The column that does not parse.
    pub(super) column: &'static str,
}

impl From<CorruptRow> for StoreError {
    fn from(corrupt: CorruptRow) -> Self {
        Self::Unavailable(corrupt.into())
    }
}

/// Names the conflicts that the domain knows and the failures after which a transaction may run again.
pub(super) fn store_error(error: DbErr) -> StoreError {
    if is_serialization_failure(&error) {
        return StoreError::SerializationFailure(error.into());
    }
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(message)) => match conflict(&message) {
            Some(conflict) => StoreError::Conflict(conflict),
            None => StoreError::Unavailable(error.into()),
        },
        Some(SqlErr::ForeignKeyConstraintViolation(_)) => StoreError::OwnerDeleted,
        _ => StoreError::Unavailable(error.into()),
    }
}

/// Returns whether the database gave the transaction up because of another one.
///
/// `MySQL` numbers: deadlock 1213, lock wait timeout 1205, and the record that changed since it was read 1020 of
/// `MariaDB`. SQLSTATE of `PostgreSQL`: serialization failure 40001, deadlock 40P01. `SQLite`: busy 5 and locked 6, which are
/// the lowest eight bits of their extended codes.
fn is_serialization_failure(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(error))
    | DbErr::Query(RuntimeErr::SqlxError(error))
    | DbErr::Conn(RuntimeErr::SqlxError(error))) = error
    else {
        return false;
    };
    let Some(error) = error.as_database_error() else {
        return false;
    };
    if let Some(error) = error.try_downcast_ref::<MySqlDatabaseError>() {
        return matches!(error.number(), 1020 | 1205 | 1213);
    }
    let code = error.code().unwrap_or_default();
    if error.try_downcast_ref::<SqliteError>().is_some() {
        return code.parse().is_ok_and(|code: u32| matches!(code & 0xff, 5 | 6));
    }
    matches!(&*code, "40001" | "40P01")
}

/// The same for a new row of a table whose primary key is its only unique key: `MySQL` calls every primary key `PRIMARY`
/// and names no table.
pub(super) fn new_row_error(error: DbErr, conflict: Conflict) -> StoreError {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => StoreError::Conflict(conflict),
        _ => store_error(error),
    }
}

/// Every database ends its message with the index or the columns, and every unique index is named after its columns.
/// What comes last counts, for `MySQL` shows the offending value before it.
fn conflict(message: &str) -> Option<Conflict> {
    [
        ("username_key", Conflict::Username),
        ("email_key", Conflict::Email),
        ("languages", Conflict::Text),
    ]
    .into_iter()
    .filter_map(|(column, conflict)| Some((message.rfind(column)?, conflict)))
    .max_by_key(|(position, _)| *position)
    .map(|(_, conflict)| conflict)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conflict_is_told_by_the_index_that_each_database_names() {
        for (message, expected) in [
            (
                "UNIQUE constraint failed: users.username_key",
                Some(Conflict::Username),
            ),
            (
                "duplicate key value violates unique constraint \"users_email_key\"",
                Some(Conflict::Email),
            ),
            (
                "Duplicate entry 'email_key' for key 'users.users_username_key'",
                Some(Conflict::Username),
            ),
            (
                "UNIQUE constraint failed: texts.image_id, texts.languages",
                Some(Conflict::Text),
            ),
            ("UNIQUE constraint failed: users.id", None),
        ] {
            assert_eq!(conflict(message), expected, "{message}");
        }
    }
}
