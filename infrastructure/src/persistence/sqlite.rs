//! `SQLite` files.

use super::{DatabaseError, DatabaseSettings, SeaStore};
use domain::BoxError;
use sea_orm::sqlx::{
    ConnectOptions, Connection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use secrecy::ExposeSecret;
use std::{
    fs::DirBuilder,
    io::ErrorKind,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    time::Duration,
};
use tempfile::NamedTempFile;

/// How long a statement waits for a lock that another process holds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens the file, which is created when it is not there.
pub(super) async fn connect(settings: &DatabaseSettings) -> Result<SeaStore, DatabaseError> {
    let options = options(settings.url.expose_secret())?;
    create(&options).await.map_err(DatabaseError::Unreachable)?;
    // Connections to a file do not break, so they are neither tested nor renewed.
    let pool = SqlitePoolOptions::new()
        .acquire_timeout(settings.acquire_timeout)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None);
    // A full disk ends a transaction in `SQLite` itself, which sqlx does not notice: the next one would then never
    // be committed. Such a connection is given up.
    let writes = pool
        .clone()
        .max_connections(1)
        .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
        .connect_with(options.clone());
    let writes = writes.await.map_err(unreachable)?;
    let reads = pool.max_connections(settings.pool_size).connect_with(options);
    let reads = reads.await.map_err(unreachable)?;
    Ok(SeaStore::new(reads.into(), writes.into()))
}

fn unreachable(error: sea_orm::sqlx::Error) -> DatabaseError {
    DatabaseError::Unreachable(error.into())
}

fn options(url: &str) -> Result<SqliteConnectOptions, DatabaseError> {
    let path = url.trim_start_matches("sqlite:").trim_start_matches("//");
    if path.is_empty() || path.starts_with(':') || path.contains("mode=memory") {
        return Err(DatabaseError::Address(
            "sqlite:// is followed by the path of a file".to_owned(),
        ));
    }
    let options: SqliteConnectOptions = url
        .parse()
        .map_err(|error: sea_orm::sqlx::Error| DatabaseError::Address(error.to_string()))?;
    Ok(options
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true)
        .disable_statement_logging())
}

/// Creates the file under another name and moves it into place, readable by its owner alone. Switching a file to
/// write-ahead logging does not wait for other processes but fails; so nobody sees the file before it is switched.
async fn create(options: &SqliteConnectOptions) -> Result<(), BoxError> {
    let path = options.get_filename();
    if path.exists() {
        return Ok(());
    }
    let folder = folder_of(path);
    DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    let file = NamedTempFile::new_in(&folder)?.into_temp_path();
    let connection = options.clone().filename(&file).connect().await?;
    connection.close().await?;
    match file.persist_noclobber(path) {
        // Another process was faster.
        Err(failure) if failure.error.kind() == ErrorKind::AlreadyExists => Ok(()),
        outcome => Ok(outcome?),
    }
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}
