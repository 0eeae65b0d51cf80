//! The configuration: built-in defaults, then a file, then the environment, checked whole.
//!
//! Each key is declared once, as a field of a section. Its type is how it is written, its doc comment is its
//! description, and the `default` of its schema applies when the key is not set. The JSON Schema, `docs/configuration.md`
//! and the messages about mistakes are derived from these declarations.

mod schema;
mod sections;
mod source;
#[cfg(test)]
mod tests;
mod values;

pub use schema::{documentation, schema};
pub use sections::*;
pub use source::Mistakes;
pub use values::{Encryption, OidcProvider, Origin, Storage, TlsMode};

use schemars::JsonSchema;
use secrecy::ExposeSecret;
use serde::Deserialize;
use std::{path::Path, time::Duration};
use values::{Endpoint, FilePath};

/// The configuration of Ocellus.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The folder for files that have no place of their own. `{data_dir}` in the default of another key stands for it.
    #[schemars(extend("default" = "data"))]
    pub data_dir: FilePath,
    /// The HTTP server.
    pub http: HttpSettings,
    /// The database.
    pub database: DatabaseSettings,
    /// The storage of image files.
    pub storage: StorageSettings,
    /// The queue that notifies the workers of other processes.
    pub queue: QueueSettings,
    /// Outgoing mail.
    pub mail: MailSettings,
    /// The workers that run tasks.
    pub workers: WorkerSettings,
    /// Text recognition.
    pub ocr: OcrSettings,
    /// Image classification.
    pub predictions: PredictionSettings,
    /// Tokens and login.
    pub auth: AuthSettings,
    /// Login with the ID tokens of OpenID providers.
    pub oidc: OidcSettings,
    /// Login with a face.
    pub faces: FaceSettings,
    /// Monitoring.
    pub operations: OperationsSettings,
    /// Rate limits. A request over its limit is answered with 429. 0 is no limit.
    pub rate_limits: RateLimitSettings,
    /// Quotas of each user. 0 is no limit.
    pub quotas: QuotaSettings,
}

impl Settings {
    /// Reads the file, if any, and the environment.
    ///
    /// `check` adds the mistakes that only other parts of the program can find. Where a key has a mistake, it sees the
    /// default.
    ///
    /// # Errors
    ///
    /// [`Mistakes`] with every mistake, each with its key.
    pub fn load(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
        check: impl FnOnce(&Self, &mut Mistakes),
    ) -> Result<Self, Mistakes> {
        let mut mistakes = Mistakes::default();
        let given = source::read(file, environment, &mut mistakes);
        let settings: Self = source::deserialize(given, &schema(), &mut mistakes);
        settings.check_combinations(&mut mistakes);
        check(&settings, &mut mistakes);
        mistakes.none_or_else(settings)
    }

    /// Checks the rules that concern several keys, or that a schema does not express.
    fn check_combinations(&self, mistakes: &mut Mistakes) {
        let Self {
            database,
            storage: StorageSettings { s3, .. },
            faces,
            workers,
            ..
        } = self;
        if database.url.0.expose_secret().starts_with("sqlite:") {
            for (key, is_set) in [
                ("database.tls", database.tls.is_some()),
                ("database.ca", database.ca.is_some()),
            ] {
                if is_set {
                    mistakes.note(key, "needs a database.url of postgres:// or mysql://");
                }
            }
        }
        let verifies = matches!(
            database.tls(),
            None | Some(TlsMode::VerifyCa | TlsMode::VerifyFull)
        );
        if database.ca.is_some() && !verifies {
            mistakes.note(
                "database.tls",
                "must be verify-ca or verify-full if database.ca is set",
            );
        }
        let is_plain = |endpoint: &Endpoint| endpoint.0.starts_with("http://");
        if !s3.allow_http && s3.endpoint.as_ref().is_some_and(is_plain) {
            let must = "must start with https://, unless storage.s3.allow_http is true";
            mistakes.note("storage.s3.endpoint", must);
        }
        match (&s3.access_key_id, &s3.secret_access_key) {
            (Some(_), None) => {
                mistakes.note(
                    "storage.s3.secret_access_key",
                    "must be set if storage.s3.access_key_id is",
                );
            }
            (None, Some(_)) => {
                mistakes.note(
                    "storage.s3.access_key_id",
                    "must be set if storage.s3.secret_access_key is",
                );
            }
            _ => {}
        }
        if faces
            .identify_threshold
            .is_some_and(|distance| distance > faces.threshold)
        {
            mistakes.note("faces.identify_threshold", "must be at most faces.threshold");
        }
        if workers.lease.0 < Duration::from_secs(1) {
            mistakes.note("workers.lease", "must be at least 1s");
        }
    }
}
