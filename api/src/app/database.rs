//! Reaching the database that is configured.

use super::{StartError, at};
use crate::configuration::{Settings, TlsSettings};
use infrastructure::persistence::{DatabaseError, DatabaseSettings, DatabaseTls, SeaStore};

/// Connects to a database that must be there; an error names the key that is to blame.
pub async fn connect(settings: &Settings) -> Result<SeaStore, StartError> {
    std::fs::create_dir_all(&settings.data_dir).map_err(at("data_dir"))?;
    let database = &settings.database;
    let database = DatabaseSettings {
        pool_size: database.pool_size,
        acquire_timeout: database.acquire_timeout,
        statement_timeout: database.statement_timeout,
        tls: database.tls.map(|tls| match tls {
            TlsSettings::Disable => DatabaseTls::Disable,
            TlsSettings::Prefer => DatabaseTls::Prefer,
            TlsSettings::Require => DatabaseTls::Require,
            TlsSettings::VerifyCa => DatabaseTls::VerifyCa,
            TlsSettings::VerifyFull => DatabaseTls::VerifyFull,
        }),
        ca: database.ca.clone(),
        ..DatabaseSettings::new(database.url.clone())
    };
    SeaStore::connect(&database).await.map_err(|error| match error {
        DatabaseError::Untrusted(_) => at("database.tls")(error),
        _ => at("database.url")(error),
    })
}
