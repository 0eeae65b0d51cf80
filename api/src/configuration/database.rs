//! Which database, and how it is used.

use super::{source::Source, values};
use secrecy::{ExposeSecret, SecretString};
use std::{path::Path, time::Duration};

/// `database.*`
#[derive(Debug)]
pub struct DatabaseSettings {
    /// `sqlite://`, `postgres://` or `mysql://`.
    pub url: SecretString,
    /// Whether to migrate at start.
    pub migrate: bool,
    /// The most connections of this process.
    pub pool_size: u32,
    /// How long a request waits for a connection.
    pub acquire_timeout: Duration,
    /// How long a server works on a statement.
    pub statement_timeout: Duration,
    /// How connections to a server are protected; `None` is as the address says.
    pub tls: Option<TlsSettings>,
    /// Certificates of who may vouch for the server, as PEM.
    pub ca: Option<String>,
}

/// How far a connection is protected, in the words of `PostgreSQL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsSettings {
    /// `disable`
    Disable,
    /// `prefer`
    Prefer,
    /// `require`
    Require,
    /// `verify-ca`
    VerifyCa,
    /// `verify-full`
    VerifyFull,
}

pub(super) fn take_database(source: &mut Source, data_dir: &Path) -> DatabaseSettings {
    let url = source.take("database.url", values::database_url);
    let mut tls = source.take("database.tls", tls);
    let ca = source.take("database.ca", values::certificates);
    let is_server = url
        .as_ref()
        .is_some_and(|url| !url.expose_secret().starts_with("sqlite:"));
    if !is_server && (tls.is_some() || ca.is_some()) {
        let key = if tls.is_some() {
            "database.tls"
        } else {
            "database.ca"
        };
        source.note(key, "goes with a database.url of postgres:// or mysql://");
    }
    if ca.is_some() {
        match tls {
            None => tls = Some(TlsSettings::VerifyFull),
            Some(TlsSettings::VerifyCa | TlsSettings::VerifyFull) => {}
            Some(_) => source.note(
                "database.tls",
                "must be verify-ca or verify-full where database.ca is set",
            ),
        }
    }
    DatabaseSettings {
        url: url.unwrap_or_else(|| format!("sqlite://{}", data_dir.join("ocellus.db").display()).into()),
        migrate: source.take("database.migrate", values::boolean).unwrap_or(true),
        pool_size: source.take("database.pool_size", pool_size).unwrap_or(10),
        acquire_timeout: source
            .take("database.acquire_timeout", values::duration)
            .unwrap_or(Duration::from_secs(3)),
        statement_timeout: source
            .take("database.statement_timeout", values::duration)
            .unwrap_or(Duration::from_secs(30)),
        tls,
        ca,
    }
}

fn tls(text: &str) -> Result<TlsSettings, String> {
    match text {
        "disable" => Ok(TlsSettings::Disable),
        "prefer" => Ok(TlsSettings::Prefer),
        "require" => Ok(TlsSettings::Require),
        "verify-ca" => Ok(TlsSettings::VerifyCa),
        "verify-full" => Ok(TlsSettings::VerifyFull),
        _ => Err("must be disable, prefer, require, verify-ca or verify-full".into()),
    }
}

/// Fewer than two would have requests wait for what the background does.
fn pool_size(text: &str) -> Result<u32, String> {
    let size = values::number(text).ok().filter(|size| (2..=1000).contains(size));
    size.ok_or_else(|| "must be 2 to 1000".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(values: &[(&str, &str)]) -> Result<DatabaseSettings, String> {
        let environment = values
            .iter()
            .map(|(key, value)| (format!("OCELLUS__DATABASE__{key}"), (*value).to_owned()));
        let mut source = Source::read(None, environment);
        let settings = take_database(&mut source, Path::new("data"));
        source.finish().map_err(|mistakes| mistakes.to_string())?;
        Ok(settings)
    }

    /// A certificate that vouches for itself; its key was thrown away.
    const CA: (&str, &str) = ("CA", include_str!("certificate.pem"));
    const SERVER: (&str, &str) = ("URL", "postgres://host/db");

    #[test]
    fn whose_certificates_are_given_is_demanded_by_name() {
        let settings = take(&[SERVER, CA]).expect("right");
        assert_eq!(settings.tls, Some(TlsSettings::VerifyFull));
        let settings = take(&[SERVER, CA, ("TLS", "verify-ca")]).expect("right");
        assert_eq!(settings.tls, Some(TlsSettings::VerifyCa));
        let mistake = take(&[SERVER, CA, ("TLS", "require")]).expect_err("nobody would look");
        assert!(mistake.contains("database.tls"), "{mistake}");
    }

    #[test]
    fn a_file_has_no_connection_to_protect() {
        assert!(
            take(&[("TLS", "require")])
                .expect_err("a file")
                .contains("database.tls")
        );
        assert!(take(&[CA]).expect_err("a file").contains("database.ca"));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (key, value) in [
            ("POOL_SIZE", "1"),
            ("POOL_SIZE", "many"),
            ("STATEMENT_TIMEOUT", "0s"),
            ("ACQUIRE_TIMEOUT", "soon"),
            ("TLS", "yes"),
            ("CA", "/etc/ca.pem"),
            (
                "CA",
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            ),
        ] {
            let mistake = take(&[SERVER, (key, value)]).expect_err("a mistake");
            let key = format!("database.{}", key.to_lowercase());
            assert!(mistake.contains(&key), "{mistake}");
        }
    }
}
