//! Configuration: built-in defaults, then a file, then the environment, checked whole.

mod database;
mod faces;
mod source;
mod storage;
mod values;

use application::accounts::RateLimits;
pub use database::{DatabaseSettings, TlsSettings};
use domain::{
    images::StorageQuota,
    ocr::{Language, LanguageSet},
};
pub use faces::FaceSettings;
use ipnet::IpNet;
use secrecy::SecretString;
pub use source::Mistakes;
use source::Source;
use std::{
    num::NonZeroUsize,
    path::{Path, PathBuf},
    time::Duration,
};
pub use storage::{EncryptionSettings, S3Settings, StorageSettings};
use url::Url;

/// Everything that can be set, checked.
#[derive(Debug)]
pub struct Settings {
    /// `http.*`
    pub http: HttpSettings,
    /// `data_dir`: where files are kept that have no place of their own.
    pub data_dir: PathBuf,
    /// `database.*`
    pub database: DatabaseSettings,
    /// `storage.*`: where the blobs are.
    pub storage: StorageSettings,
    /// `storage.s3.*`: how buckets are reached that models lie in.
    pub buckets: S3Settings,
    /// `queue.url`: an AMQP broker that calls workers; `None` where the database does.
    pub broker: Option<SecretString>,
    /// `mail.*`
    pub mail: MailSettings,
    /// `workers.*`
    pub workers: WorkerSettings,
    /// `ocr.*`
    pub ocr: OcrSettings,
    /// `predictions.models`: folders of classifiers, `file://` or `s3://`; `None` is every folder in
    /// `{data_dir}/models/classifiers`.
    pub models: Option<Vec<Url>>,
    /// `auth.*`
    pub auth: AuthSettings,
    /// `oidc.*`
    pub oidc: OidcSettings,
    /// `faces.*`
    pub faces: FaceSettings,
    /// `operations.metrics_token`: what a scraper must show.
    pub metrics_token: Option<SecretString>,
    /// `limits.storage_per_user`, `limits.images_per_user`
    pub quota: StorageQuota,
    /// `limits.login_failures_per_account`, `limits.login_failures_per_address`, `limits.recovery_mails_per_account`,
    /// `limits.registrations_per_address`
    pub throttles: RateLimits,
    /// `limits.tasks_in_flight_per_user`
    pub tasks_in_flight: Option<u64>,
}

/// Who works on tasks.
#[derive(Debug)]
pub struct WorkerSettings {
    /// Tasks that this process works on at once; 0 for none.
    pub count: usize,
    /// How long a task stays with a worker that gives no sign of life.
    pub lease: Duration,
}

impl WorkerSettings {
    /// How much CPU work runs at once, also where no tasks are worked on: requests need it, too.
    pub fn threads(&self) -> usize {
        if self.count == 0 { cores() } else { self.count }
    }
}

/// How to listen and what to take.
#[derive(Debug)]
pub struct HttpSettings {
    /// The address or host name to listen on.
    pub address: String,
    /// The port; 0 picks a free one.
    pub port: u16,
    /// The most bytes of an uploaded file.
    pub max_upload_bytes: u64,
    /// Origins whose pages may call the API.
    pub allowed_origins: Vec<String>,
    /// Networks of proxies whose `X-Forwarded-For` counts.
    pub trusted_proxies: Vec<IpNet>,
    /// How long running requests may take after SIGTERM.
    pub grace: Duration,
}

/// How mails are sent.
#[derive(Debug)]
pub struct MailSettings {
    /// `smtp://` or `smtps://`; `None` where mails go into the log.
    pub server: Option<SecretString>,
    /// The sender.
    pub from: String,
}

/// How to read text.
#[derive(Debug)]
pub struct OcrSettings {
    /// The languages that may be asked for; `None` is all that are installed.
    pub languages: Option<Vec<Language>>,
    /// Those of a request that names none.
    pub default_languages: LanguageSet,
    /// How long a page may take.
    pub timeout: Duration,
    /// The most pixels of a page.
    pub max_pixels: u64,
    /// The most pages of an image.
    pub max_pages: u32,
}

/// How to sign and how long tokens count.
#[derive(Debug)]
pub struct AuthSettings {
    /// An Ed25519 private key in PEM; `None` is the one under `data_dir`, made at the first start.
    pub signing_key: Option<SecretString>,
    /// Of an access token.
    pub access_token_ttl: Duration,
    /// Of a refresh token.
    pub refresh_token_ttl: Duration,
    /// Whether nobody is let in whose e-mail is not verified.
    pub require_verified_email: bool,
}

/// Who may vouch for users.
#[derive(Debug)]
pub struct OidcSettings {
    /// A project of Firebase Authentication.
    pub firebase_project: Option<String>,
    /// Other OpenID providers.
    pub providers: Vec<ProviderSettings>,
}

/// An OpenID provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderSettings {
    /// The `iss` of its tokens: where it describes itself.
    pub issuer: String,
    /// The `aud` of the tokens that are meant for this service.
    pub audience: String,
}

impl Settings {
    /// Reads the file, if any, and the environment; every mistake is named.
    pub fn load(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, Mistakes> {
        let mut source = Source::read(file, environment);
        let settings = Self::take_from(&mut source);
        source.finish()?;
        Ok(settings)
    }

    fn take_from(source: &mut Source) -> Self {
        let data_dir = source
            .take("data_dir", values::path)
            .unwrap_or_else(|| PathBuf::from("data"));
        let (storage, buckets) = storage::take_storage(source, &data_dir);
        let month = Duration::from_hours(30 * 24);
        Self {
            http: HttpSettings {
                address: source
                    .take("http.address", values::text)
                    .unwrap_or_else(|| "127.0.0.1".into()),
                port: source.take("http.port", values::number).unwrap_or(8080),
                max_upload_bytes: source
                    .take("http.max_upload_bytes", values::size)
                    .unwrap_or(20 << 20),
                allowed_origins: source
                    .take("http.allowed_origins", values::origins)
                    .unwrap_or_default(),
                trusted_proxies: source
                    .take("http.trusted_proxies", values::networks)
                    .unwrap_or_default(),
                grace: source
                    .take("http.grace", values::duration)
                    .unwrap_or(Duration::from_secs(30)),
            },
            database: database::take_database(source, &data_dir),
            storage,
            buckets,
            broker: source.take("queue.url", values::queue_url).flatten(),
            mail: MailSettings {
                server: source.take("mail.url", values::mail_url).flatten(),
                from: source
                    .take("mail.from", values::text)
                    .unwrap_or_else(|| "Ocellus <ocellus@localhost>".into()),
            },
            workers: WorkerSettings {
                count: source.take("workers.count", values::number).unwrap_or_else(cores),
                lease: source
                    .take("workers.lease", values::lease)
                    .unwrap_or(Duration::from_mins(1)),
            },
            ocr: OcrSettings {
                languages: source.take("ocr.languages", values::languages),
                default_languages: source
                    .take("ocr.default_languages", values::language_set)
                    .unwrap_or_else(english),
                timeout: source
                    .take("ocr.timeout", values::duration)
                    .unwrap_or(Duration::from_mins(1)),
                max_pixels: source
                    .take("ocr.max_pixels", values::count)
                    .unwrap_or(100_000_000),
                max_pages: source.take("ocr.max_pages", values::number).unwrap_or(100),
            },
            models: source.take("predictions.models", values::model_urls),
            auth: AuthSettings {
                signing_key: source.take("auth.signing_key", values::secret),
                access_token_ttl: source
                    .take("auth.access_token_ttl", values::duration)
                    .unwrap_or(Duration::from_mins(15)),
                refresh_token_ttl: source
                    .take("auth.refresh_token_ttl", values::duration)
                    .unwrap_or(month),
                require_verified_email: source
                    .take("auth.require_verified_email", values::boolean)
                    .unwrap_or(false),
            },
            oidc: OidcSettings {
                firebase_project: source.take("oidc.firebase_project", values::firebase_project),
                providers: source
                    .take("oidc.providers", values::providers)
                    .unwrap_or_default(),
            },
            faces: FaceSettings::take_from(source, &data_dir),
            metrics_token: source.take("operations.metrics_token", values::secret),
            quota: StorageQuota {
                bytes: values::limit(
                    source
                        .take("limits.storage_per_user", values::size)
                        .unwrap_or(10 << 30),
                ),
                images: values::limit(
                    source
                        .take("limits.images_per_user", values::number)
                        .unwrap_or(100_000),
                ),
            },
            throttles: take_throttles(source),
            tasks_in_flight: values::limit(
                source
                    .take("limits.tasks_in_flight_per_user", values::number)
                    .unwrap_or(1000),
            ),
            data_dir,
        }
    }
}

fn take_throttles(source: &mut Source) -> RateLimits {
    let mut limit = |key, default| values::limit(source.take(key, values::number).unwrap_or(default));
    RateLimits {
        login_per_account: limit("limits.login_failures_per_account", 10),
        login_per_network: limit("limits.login_failures_per_address", 100),
        recovery_per_account: limit("limits.recovery_mails_per_account", 3),
        registration_per_network: limit("limits.registrations_per_address", 100),
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

fn english() -> LanguageSet {
    LanguageSet::from_joined("eng").expect("a valid set")
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn load(environment: &[(&str, &str)]) -> Result<Settings, Mistakes> {
        let environment = environment
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Settings::load(None, environment)
    }

    fn folder(settings: &Settings) -> Option<&Path> {
        match &settings.storage {
            StorageSettings::Folder(folder) => Some(folder),
            StorageSettings::Bucket { .. } => None,
        }
    }

    #[test]
    fn nothing_needs_to_be_configured() {
        let settings = load(&[]).expect("defaults are right");
        assert_eq!(
            (settings.http.address.as_str(), settings.http.port),
            ("127.0.0.1", 8080)
        );
        assert_eq!(settings.database.url.expose_secret(), "sqlite://data/ocellus.db");
        assert_eq!(folder(&settings), Some(Path::new("data/blobs")));
        assert_eq!(settings.quota.bytes, Some(10 << 30));
        assert!(settings.workers.count >= 1 && settings.broker.is_none());
        assert!(settings.mail.server.is_none() && !settings.auth.require_verified_email);
    }

    #[test]
    fn the_environment_overrides_and_zero_is_no_limit() {
        let settings = load(&[
            ("OCELLUS__HTTP__MAX_UPLOAD_BYTES", "1MiB"),
            ("OCELLUS__AUTH__ACCESS_TOKEN_TTL", "5m"),
            ("OCELLUS__OCR__LANGUAGES", "eng, spa"),
            ("OCELLUS__LIMITS__IMAGES_PER_USER", "0"),
            ("OCELLUS__DATA_DIR", "/srv/ocellus"),
            ("PATH", "/bin"),
        ]);
        let settings = settings.expect("right");
        assert_eq!(settings.http.max_upload_bytes, 1 << 20);
        assert_eq!(settings.auth.access_token_ttl, Duration::from_mins(5));
        assert_eq!(settings.ocr.languages.as_deref().map(<[_]>::len), Some(2));
        assert_eq!(settings.quota.images, None);
        assert_eq!(folder(&settings), Some(Path::new("/srv/ocellus/blobs")));
    }

    #[test]
    fn a_bucket_needs_an_encrypted_way_and_both_halves_of_a_key() {
        let mut wishes = vec![
            ("OCELLUS__STORAGE__URL", "s3://eyes/ocellus"),
            ("OCELLUS__STORAGE__S3__ENDPOINT", "http://127.0.0.1:9000"),
            ("OCELLUS__STORAGE__S3__ACCESS_KEY_ID", "ocellus"),
        ];
        let mistakes = load(&wishes).expect_err("mistakes").to_string();
        for key in ["storage.s3.endpoint", "storage.s3.secret_access_key"] {
            assert!(mistakes.contains(key), "{key} in {mistakes}");
        }
        wishes.push(("OCELLUS__STORAGE__S3__SECRET_ACCESS_KEY", "canary"));
        wishes.push(("OCELLUS__STORAGE__S3__ALLOW_HTTP", "true"));
        let settings = load(&wishes).expect("right");
        assert!(!format!("{settings:?}").contains("canary"));
        let StorageSettings::Bucket { bucket, prefix } = settings.storage else {
            panic!("a folder");
        };
        assert_eq!((&*bucket, &*prefix), ("eyes", "ocellus"));
        assert!(settings.buckets.allow_http && settings.buckets.keys.is_some());
    }

    #[test]
    fn every_mistake_is_named_at_once_and_no_secret_is_shown() {
        let mistakes = load(&[
            ("OCELLUS__HTTP__PORT", "eighty"),
            ("OCELLUS__HTTP__PROT", "80"),
            ("OCELLUS__OCR__TIMEOUT", "soon"),
            ("OCELLUS__DATABASE__URL", "oracle://user:canary@host"),
        ]);
        let text = mistakes.expect_err("mistakes").to_string();
        for key in ["http.port", "http.prot", "ocr.timeout", "database.url"] {
            assert!(text.contains(key), "{key} in {text}");
        }
        assert!(!text.contains("canary"));
    }
}
