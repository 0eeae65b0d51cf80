//! `PostgreSQL` servers.

use super::{
    DatabaseError, DatabaseSettings, SeaStore,
    connection::{TRUSTED_IDLE, demand_answer},
};
use sea_orm::{
    DatabaseConnection,
    sqlx::{
        ConnectOptions, Connection, Error,
        postgres::{PgConnectOptions, PgPoolOptions},
    },
};
use secrecy::ExposeSecret;

/// Connects to a server that must answer now.
pub(super) async fn connect(settings: &DatabaseSettings) -> Result<SeaStore, DatabaseError> {
    let options: PgConnectOptions = settings
        .url
        .expose_secret()
        .parse()
        .map_err(|error: Error| DatabaseError::Address(error.to_string()))?;
    let options = options.application_name("ocellus").disable_statement_logging();
    demand_answer(&options, settings).await?;
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
