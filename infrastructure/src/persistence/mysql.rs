//! `MariaDB` and `MySQL` servers.

use super::{
    DatabaseError, DatabaseSettings, SeaStore,
    connection::{DatabaseTls, TRUSTED_IDLE, demand_answer, milliseconds},
};
use sea_orm::{
    DatabaseConnection,
    sqlx::{
        AssertSqlSafe, ConnectOptions, Connection, Error, Executor,
        mysql::{MySqlConnectOptions, MySqlPoolOptions, MySqlSslMode},
    },
};
use secrecy::ExposeSecret;
use std::time::Duration;

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
    let mut options = options.timezone("+00:00".to_owned()).disable_statement_logging();
    if let Some(tls) = settings.tls {
        options = options.ssl_mode(mode(tls));
    }
    if let Some(ca) = &settings.ca {
        options = options.ssl_ca_from_pem(ca.clone().into_bytes());
    }
    demand_answer(&options, settings).await?;
    let limit = limit(settings.statement_timeout);
    let pool = MySqlPoolOptions::new()
        .max_connections(settings.pool_size)
        .acquire_timeout(settings.acquire_timeout)
        .test_before_acquire(false)
        .after_connect(move |connection, _| {
            let limit = limit.clone();
            Box::pin(async move {
                connection.execute(ISOLATION).await?;
                connection.execute(STRICT).await?;
                connection.execute(AssertSqlSafe(limit)).await?;
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

/// `MariaDB` limits every statement, in seconds; `MySQL` only those that read, in milliseconds, and under another name. Each
/// passes over what is in the other's comment.
fn limit(time: Duration) -> String {
    let milliseconds = milliseconds(time);
    let (seconds, rest) = (milliseconds / 1000, milliseconds % 1000);
    format!(
        "SET SESSION sql_mode = @@sql_mode \
         /*M! , max_statement_time = {seconds}.{rest:03} */ \
         /*!80000 , max_execution_time = {milliseconds} */"
    )
}

fn mode(tls: DatabaseTls) -> MySqlSslMode {
    match tls {
        DatabaseTls::Disable => MySqlSslMode::Disabled,
        DatabaseTls::Prefer => MySqlSslMode::Preferred,
        DatabaseTls::Require => MySqlSslMode::Required,
        DatabaseTls::VerifyCa => MySqlSslMode::VerifyCa,
        DatabaseTls::VerifyFull => MySqlSslMode::VerifyIdentity,
    }
}
