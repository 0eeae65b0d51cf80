//! Reaching the database that is configured.

use super::{StartError, at};
use crate::configuration::{Settings, TlsMode};
use infrastructure::persistence::{DatabaseError, DatabaseSettings, DatabaseTls, SeaStore};

/// Connects to a database that must be there; an error names the key that is to blame.
pub async fn connect(settings: &Settings) -> Result<SeaStore, StartError> {
    std::fs::create_dir_all(&settings.data_dir.0).map_err(at("data_dir"))?;
    let database = &settings.database;
    let database = DatabaseSettings {
        pool_size: database.pool_size,
        acquire_timeout: database.acquire_timeout.0,
        statement_timeout: database.statement_timeout.0,
        tls: database.tls().map(|tls| match tls {
            TlsMode::Disable => DatabaseTls::Disable,
            TlsMode::Prefer => DatabaseTls::Prefer,
            TlsMode::Require => DatabaseTls::Require,
            TlsMode::VerifyCa => DatabaseTls::VerifyCa,
            TlsMode::VerifyFull => DatabaseTls::VerifyFull,
        }),
        ca: database.ca.as_ref().map(|ca| ca.0.clone()),
        ..DatabaseSettings::new(database.url.0.clone())
    };
    SeaStore::connect(&database).await.map_err(|error| match error {
        DatabaseError::Untrusted(_) => at("database.tls")(error),
        _ => at("database.url")(error),
    })
}
