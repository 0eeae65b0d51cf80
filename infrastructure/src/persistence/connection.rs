//! Reaching the database, and whether it still answers.

use super::{DatabaseError, SeaStore, mysql, postgres, sqlite};
use async_trait::async_trait;
use domain::{BoxError, operations::HealthProbe};
use sea_orm::{
    ConnectionTrait, DatabaseConnection,
    sqlx::{ConnectOptions, Connection, Error},
};
use secrecy::{ExposeSecret, SecretString};
use std::{io::ErrorKind, time::Duration};

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
    /// How long a server works on a statement before it gives up; changes of the schema may take as long as they need.
    /// `MySQL` limits only what reads, `SQLite` nothing.
    pub statement_timeout: Duration,
    /// Whether connections to a server are encrypted; `None` is as the address says.
    pub tls: Option<DatabaseTls>,
    /// Certificates, as PEM, of who may vouch for the server, beside those that everybody trusts.
    pub ca: Option<String>,
}

/// How far a connection to a server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseTls {
    /// In the open.
    Disable,
    /// Encrypted where the server can.
    Prefer,
    /// Encrypted, to whomever.
    Require,
    /// Encrypted, to a server that somebody trusted vouches for.
    VerifyCa,
    /// The same, and the certificate is for the name in the address.
    VerifyFull,
}

impl DatabaseSettings {
    /// A database with ten connections, each waited for at most three seconds, and statements of at most thirty.
    pub fn new(url: SecretString) -> Self {
        Self {
            url,
            pool_size: 10,
            acquire_timeout: Duration::from_secs(3),
            statement_timeout: Duration::from_secs(30),
            tls: None,
            ca: None,
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
    /// database or it refuses the login, [`DatabaseError::Untrusted`] when the connection would not be protected as it
    /// must be.
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
///
/// The driver leaves the choice among the implementations of cryptography in the program to the process in one of its ways,
/// and panics where nobody chose.
pub(super) async fn demand_answer<O: ConnectOptions<Connection: Sized>>(
    options: &O,
    settings: &DatabaseSettings,
) -> Result<(), DatabaseError> {
    // It fails where somebody was faster, who chose the same.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let reach = async { options.connect().await?.close().await };
    let attempt = tokio::time::timeout(settings.acquire_timeout, reach);
    match attempt.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) if is_distrust(&error) => Err(DatabaseError::Untrusted(error.into())),
        Ok(Err(error)) => Err(DatabaseError::Unreachable(error.into())),
        Err(elapsed) => Err(DatabaseError::Unreachable(elapsed.into())),
    }
}

/// Whether encryption is why there is no connection. What the handshake finds comes as bytes that mean nothing.
fn is_distrust(error: &Error) -> bool {
    match error {
        Error::Tls(_) => true,
        Error::Io(error) => error.kind() == ErrorKind::InvalidData,
        _ => false,
    }
}

/// A time as servers want it; none is a limit of 0, which they take for no limit.
pub(super) fn milliseconds(time: Duration) -> u128 {
    time.as_millis().max(1)
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
