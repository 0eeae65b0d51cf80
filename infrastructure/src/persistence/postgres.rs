//! `PostgreSQL` servers.

use super::{DatabaseError, DatabaseSettings, SeaStore};
use domain::BoxError;
use sea_orm::{
    DatabaseConnection,
    sqlx::{
        ConnectOptions, Connection, Error,
        postgres::{PgConnectOptions, PgPoolOptions},
    },
};
use secrecy::ExposeSecret;
use std::time::Duration;

/// After so long without use a connection is tested before it is used again: the server may have gone meanwhile.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// Connects to a server that must answer now.
pub(super) async fn connect(settings: &DatabaseSettings) -> Result<SeaStore, DatabaseError> {
    let options: PgConnectOptions = settings
        .url
        .expose_secret()
        .parse()
        .map_err(|error: Error| DatabaseError::Address(error.to_string()))?;
    let options = options.application_name("ocellus").disable_statement_logging();
    // A pool would try until its time is over and then only tell that it is; one connection tells why there is none.
    let attempt = tokio::time::timeout(settings.acquire_timeout, reach(&options));
    attempt
        .await
        .unwrap_or_else(|elapsed| Err(elapsed.into()))
        .map_err(DatabaseError::Unreachable)?;
    let pool = PgPoolOptions::new()
        .max_connections(settings.pool_size)
        .acquire_timeout(settings.acquire_timeout)
        .test_before_acquire(false)
        .before_acquire(|connection, state| {
            Box::pin(async move {
                if state.idle_for > TRUSTED_IDLE {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_lazy_with(options);
    let connection = DatabaseConnection::from(pool);
    Ok(SeaStore::new(connection.clone(), connection))
}

async fn reach(options: &PgConnectOptions) -> Result<(), BoxError> {
    Ok(options.connect().await?.close().await?)
}
