//! `PostgreSQL` servers.

use super::{
    DatabaseError, DatabaseSettings, SeaStore,
    connection::{DatabaseTls, TRUSTED_IDLE, demand_answer, milliseconds},
};
use sea_orm::{
    DatabaseConnection,
    sqlx::{
        AssertSqlSafe, ConnectOptions, Connection, Error, Executor,
        postgres::{PgConnectOptions, PgPoolOptions, PgSslMode},
    },
};
use secrecy::ExposeSecret;

/// A plan that is kept is the one that was best when the statement was new: on a table that was empty then and holds a
/// million rows now it may read all of them, until the server's own upkeep comes by. To plan takes a fraction of a
/// millisecond.
const PLAN_EVERY_TIME: &str = "SET plan_cache_mode = force_custom_plan";

/// Connects to a server that must answer now.
pub(super) async fn connect(settings: &DatabaseSettings) -> Result<SeaStore, DatabaseError> {
    let options: PgConnectOptions = settings
        .url
        .expose_secret()
        .parse()
        .map_err(|error: Error| DatabaseError::Address(error.to_string()))?;
    let mut options = options.application_name("ocellus").disable_statement_logging();
    if let Some(tls) = settings.tls {
        options = options.ssl_mode(mode(tls));
    }
    if let Some(ca) = &settings.ca {
        options = options.ssl_root_cert_from_pem(ca.clone().into_bytes());
    }
    demand_answer(&options, settings).await?;
    let limit = format!(
        "SET statement_timeout = {}",
        milliseconds(settings.statement_timeout)
    );
    let pool = PgPoolOptions::new()
        .max_connections(settings.pool_size)
        .acquire_timeout(settings.acquire_timeout)
        .test_before_acquire(false)
        .after_connect(move |connection, _| {
            let limit = limit.clone();
            Box::pin(async move {
                connection.execute(PLAN_EVERY_TIME).await?;
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

fn mode(tls: DatabaseTls) -> PgSslMode {
    match tls {
        DatabaseTls::Disable => PgSslMode::Disable,
        DatabaseTls::Prefer => PgSslMode::Prefer,
        DatabaseTls::Require => PgSslMode::Require,
        DatabaseTls::VerifyCa => PgSslMode::VerifyCa,
        DatabaseTls::VerifyFull => PgSslMode::VerifyFull,
    }
}
