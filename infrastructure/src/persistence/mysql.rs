//! `MariaDB` and `MySQL` servers.

use super::{
    DatabaseError, DatabaseSettings, SeaStore,
    connection::{TRUSTED_IDLE, demand_answer},
};
use sea_orm::{
    DatabaseConnection,
    sqlx::{
        ConnectOptions, Connection, Error, Executor,
        mysql::{MySqlConnectOptions, MySqlPoolOptions},
    },
};
use secrecy::ExposeSecret;

/// At the level that is usual there, statements lock the gaps between rows, and transactions that add rows side by side
/// end in deadlocks.
const ISOLATION: &str = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";
/// A server may be set to cut what is too long instead of refusing it.
const STRICT: &str = "SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_TRANS_TABLES')";

/// Connects to a server that must answer now.
pub(super) async fn connect(settings: &DatabaseSettings) -> Result<SeaStore, DatabaseError> {
    let options: MySqlConnectOptions = settings
        .url
        .expose_secret()
        .parse()
        .map_err(|error: Error| DatabaseError::Address(error.to_string()))?;
    if options.get_database().is_none() {
        return Err(DatabaseError::Address("it names no database".to_owned()));
    }
    // In UTC, whatever the address says: the driver takes moments for that.
    let options = options.timezone("+00:00".to_owned()).disable_statement_logging();
    demand_answer(&options, settings).await?;
    let pool = MySqlPoolOptions::new()
        .max_connections(settings.pool_size)
        .acquire_timeout(settings.acquire_timeout)
        .test_before_acquire(false)
        .after_connect(|connection, _| {
            Box::pin(async move {
                connection.execute(ISOLATION).await?;
                connection.execute(STRICT).await?;
                Ok(())
            })
        })
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
