//! Reaching the database, and whether it still answers.

use super::{DatabaseError, SeaStore, mysql, postgres, sqlite};
use async_trait::async_trait;
use domain::{BoxError, operations::HealthProbe};
use sea_orm::{
    ConnectionTrait, DatabaseConnection,
    sqlx::{ConnectOptions, Connection},
};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

/// How long a health probe waits for an answer.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);

/// After so long without use a connection to a server is tested before it is used again: the server may have gone
/// meanwhile.
pub(super) const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// Which database, and how much of it is used.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// `sqlite://path/to/file`, `postgres://user:password@host/database`, or `mysql://` likewise for `MariaDB` and `MySQL`.
    pub url: SecretString,
    /// The most connections at once; on `SQLite` of reads, beside one for writes.
    pub pool_size: u32,
    /// How long a statement waits for a connection before the store is unavailable. While the database is out, this
    /// is how long it takes to say so.
    pub acquire_timeout: Duration,
}

impl DatabaseSettings {
    /// A database with ten connections, each waited for at most three seconds.
    pub fn new(url: SecretString) -> Self {
        Self {
            url,
            pool_size: 10,
            acquire_timeout: Duration::from_secs(3),
        }
    }
}

impl SeaStore {
    /// Connects to a database that must be there now; one that goes away later is found again by itself. An `SQLite`
    /// file is created with its folder, for this user alone.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Address`] when the address is not valid, [`DatabaseError::Unreachable`] when there is no
    /// database or it refuses the login.
    pub async fn connect(settings: &DatabaseSettings) -> Result<Self, DatabaseError> {
        match settings.url.expose_secret().split_once(':') {
            Some(("sqlite", _)) => sqlite::connect(settings).await,
            Some(("postgres" | "postgresql", _)) => postgres::connect(settings).await,
            Some(("mysql", _)) => mysql::connect(settings).await,
            _ => Err(DatabaseError::Address(
                "it begins with none of sqlite://, postgres:// and mysql://".to_owned(),
            )),
        }
    }
}

/// Shows that a server answers now. A pool would try until its time is over and then only tell that it is; one connection
/// tells why there is none.
pub(super) async fn demand_answer<O: ConnectOptions<Connection: Sized>>(
    options: &O,
    settings: &DatabaseSettings,
) -> Result<(), DatabaseError> {
    let reach = async { Ok(options.connect().await?.close().await?) };
    let attempt = tokio::time::timeout(settings.acquire_timeout, reach);
    attempt
        .await
        .unwrap_or_else(|elapsed| Err(elapsed.into()))
        .map_err(DatabaseError::Unreachable)
}

#[async_trait]
impl HealthProbe for SeaStore {
    async fn probe(&self) -> Result<(), BoxError> {
        tokio::time::timeout(PROBE_TIMEOUT, answers(&self.reads.connection)).await??;
        Ok(())
    }
}

async fn answers(connection: &DatabaseConnection) -> Result<(), DatabaseError> {
    connection.execute_unprepared("SELECT 1").await?;
    Ok(())
}
