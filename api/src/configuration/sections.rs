//! The sections of the configuration and their keys.

use super::values::{
    Certificates, DatabaseUrl, Endpoint, FilePath, FirebaseProject, HumanDuration, HumanSize, Languages,
    Limit, MailUrl, ModelUrl, Network, ObjectEncryption, OidcProvider, Origin, QueueUrl, Region, Secret,
    StorageUrl, Text, TlsMode,
};
use application::accounts::RateLimits;
use domain::{faces::FaceMatching, images::StorageQuota, ocr::Language};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;
use std::num::NonZeroUsize;

/// `http.*`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpSettings {
    /// The address or host name to listen on.
    #[schemars(extend("default" = "127.0.0.1"))]
    pub address: Text,
    /// The port to listen on. 0 picks a free port and logs it.
    #[schemars(extend("default" = 8080))]
    pub port: u16,
    /// The largest file that can be uploaded.
    #[schemars(extend("default" = "20MiB"))]
    pub max_upload_bytes: HumanSize,
    /// The origins whose pages may call the API (CORS).
    #[schemars(extend("default" = []))]
    pub allowed_origins: Vec<Origin>,
    /// The networks (CIDR) of proxies whose `X-Forwarded-For` is trusted. The rightmost address outside of them is the
    /// client's.
    #[schemars(extend("default" = []))]
    pub trusted_proxies: Vec<Network>,
    /// How long running requests and tasks may take after SIGTERM.
    #[schemars(extend("default" = "30s"))]
    pub shutdown_timeout: HumanDuration,
}

/// `database.*`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSettings {
    /// The database: SQLite, PostgreSQL, MariaDB from 10.6 or MySQL from 8.0.
    /// A server is written `postgres://user:password@host/database`, or `mysql://` likewise.
    #[schemars(extend("default" = "sqlite://{data_dir}/ocellus.db"))]
    pub url: DatabaseUrl,
    /// Whether to migrate the database at start, under a lock. With `false`, a schema of another version stops the start.
    #[schemars(extend("default" = true))]
    pub migrate: bool,
    /// The most connections of one process. One alone would let requests wait for maintenance.
    #[schemars(extend("default" = 10), range(min = 2, max = 1000))]
    pub pool_size: u32,
    /// How long a request waits for a connection before it is answered with 503.
    #[schemars(extend("default" = "3s"))]
    pub acquire_timeout: HumanDuration,
    /// How long a server may take for one statement. MySQL limits only reads, SQLite nothing. Migrations have no limit.
    #[schemars(extend("default" = "30s"))]
    pub statement_timeout: HumanDuration,
    /// How the connection to a server is protected. Only `verify-ca` and `verify-full` check the certificate.
    #[schemars(
        with = "TlsMode",
        extend("x-default" = "as the URL says, else `prefer`; `verify-full` with `database.ca`")
    )]
    pub tls: Option<TlsMode>,
    /// Certificates (PEM) of authorities that are trusted in addition to the public ones.
    pub ca: Option<Certificates>,
}

/// `storage.*`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StorageSettings {
    /// Where the image files are kept.
    #[schemars(extend("default" = "file://{data_dir}/blobs"))]
    pub url: StorageUrl,
    /// How buckets are reached, both for image files and for models.
    pub s3: S3Settings,
}

/// `storage.s3.*`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct S3Settings {
    /// The address of the object store. An `http://` address needs `storage.s3.allow_http`.
    #[schemars(extend("x-default" = "Amazon's"))]
    pub endpoint: Option<Endpoint>,
    /// The region.
    #[schemars(extend("x-default" = "`us-east-1`"))]
    pub region: Option<Region>,
    /// The access key. Set it together with `storage.s3.secret_access_key`.
    #[schemars(extend("x-default" = "the environment's (`AWS_*`), else the machine's role"))]
    pub access_key_id: Option<Text>,
    /// The secret of the access key.
    pub secret_access_key: Option<Secret>,
    /// Whether the object store may be reached without TLS.
    #[schemars(extend("default" = false))]
    pub allow_http: bool,
    /// How the object store encrypts objects.
    #[schemars(extend("x-default" = "as the bucket is set up"))]
    pub encryption: Option<ObjectEncryption>,
    /// Certificates (PEM) of authorities that are trusted in addition to the public ones.
    pub ca: Option<Certificates>,
}

/// `queue.*`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueSettings {
    /// With `amqp://user:password@host:5672/vhost` (`amqps://` for TLS), RabbitMQ notifies the workers of other
    /// processes at once. With `database:`, they poll the database twice a second.
    #[schemars(extend("default" = "database:"))]
    pub url: QueueUrl,
}

/// `mail.*`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MailSettings {
    /// The mail server. `log:` writes mails into the log. `smtp://user:password@host:587` uses STARTTLS if it is offered,
    /// and requires it if there is a password; `smtps://` uses TLS from the start. `?ca=/path/file.pem` trusts further
    /// authorities.
    #[schemars(extend("default" = "log:"))]
    pub url: MailUrl,
    /// The sender.
    #[schemars(extend("default" = "Ocellus <ocellus@localhost>"))]
    pub from: Text,
}

/// `workers.*`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkerSettings {
    /// How many tasks run at once, and how many threads recognize text. With 0, this process runs no tasks, and
    /// recognizes text for requests on all cores.
    #[schemars(extend("x-default" = "the number of cores"))]
    pub count: Option<usize>,
    /// How long a task stays with a worker that sends no heartbeat, at least 1s. Then another worker takes the task.
    #[schemars(extend("default" = "60s"))]
    pub lease: HumanDuration,
}

/// `ocr.*`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OcrSettings {
    /// The languages that requests may name. Each must be installed.
    #[schemars(extend("x-default" = "every installed language"))]
    pub languages: Option<Languages>,
    /// The languages of a request that names none.
    #[schemars(extend("default" = ["eng"]))]
    pub default_languages: Languages,
    /// How long the recognition of one page may take.
    #[schemars(extend("default" = "60s"))]
    pub timeout: HumanDuration,
    /// The most pixels of a page. All decoding together may use 3 bytes for each of them.
    #[schemars(extend("default" = 100_000_000), range(min = 1))]
    pub max_pixels: u64,
    /// The most pages of an image.
    #[schemars(extend("default" = 100))]
    pub max_pages: u32,
}

/// `predictions.*`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PredictionSettings {
    /// The classifiers: folders or archives with `model.onnx` and `manifest.json`. The first is the default model.
    #[schemars(extend("x-default" = "every folder in `{data_dir}/models/classifiers`"))]
    pub models: Option<Vec<ModelUrl>>,
}

/// `auth.*`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthSettings {
    /// The Ed25519 private key that signs access tokens, in PEM (PKCS#8).
    #[schemars(extend("x-default" = "generated, in `{data_dir}/signing_key.pem`"))]
    pub signing_key: Option<Secret>,
    /// How long an access token is valid.
    #[schemars(extend("default" = "15m"))]
    pub access_token_ttl: HumanDuration,
    /// How long a refresh token is valid.
    #[schemars(extend("default" = "30d"))]
    pub refresh_token_ttl: HumanDuration,
    /// Whether login requires a verified e-mail. Without one, it is answered with 403 `email_not_verified`.
    #[schemars(extend("default" = false))]
    pub require_verified_email: bool,
}

/// `oidc.*`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OidcSettings {
    /// The id of the Firebase project whose users may log in.
    pub firebase_project: Option<FirebaseProject>,
    /// Other OpenID providers. Their issuers must use https, except on this machine.
    #[schemars(extend("default" = []))]
    pub providers: Vec<OidcProvider>,
}

/// `faces.*`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FaceSettings {
    /// Whether users can log in with a face. With `false`, requests with faces are answered with 503 `unavailable`. With
    /// `true`, the health check reports missing models as a failure.
    #[schemars(extend("x-default" = "`true` as soon as the models are there"))]
    pub enabled: Option<bool>,
    /// The folder of the models, into which `make models` downloads them.
    #[schemars(extend("default" = "{data_dir}/models/faces"))]
    #[cfg_attr(not(feature = "faces"), expect(dead_code, reason = "only engines need it"))]
    pub models_dir: FilePath,
    /// The largest distance between a face and the enrolled face of the named user. Smaller is stricter.
    #[schemars(extend("default" = 0.5), range(min = 0.01, max = 0.6))]
    pub threshold: f32,
    /// Whether users can log in with a face alone, without a user name.
    #[schemars(extend("default" = false))]
    pub identify: bool,
    /// The largest distance between a face without a user name and an enrolled face, at most `faces.threshold`.
    #[schemars(
        extend("x-default" = "`0.4`, or `faces.threshold` if that is smaller"),
        range(min = 0.01, max = 0.6)
    )]
    pub identify_threshold: Option<f32>,
    /// How much farther the second nearest user must be from a face without a user name. A face nearer to another user
    /// than this margin and `faces.identify_threshold` together is not enrolled (409 `conflict`).
    #[schemars(extend("default" = 0.1), range(min = 0.01, max = 0.6))]
    pub identify_margin: f32,
    /// With more enrolled faces than this, login with a face needs a user name.
    #[schemars(extend("default" = 10_000))]
    pub identify_limit: usize,
    /// The key that encrypts enrolled faces: 32 bytes in base64, as `openssl rand -base64 32` prints them. All processes
    /// that serve need the same key.
    #[schemars(extend("x-default" = "generated, in `{data_dir}/faces.key`"))]
    pub encryption_key: Option<Secret>,
    /// The keys that `faces.encryption_key` replaced. Faces are encrypted again with the new key at start and every hour;
    /// after that the old keys can be removed.
    #[schemars(extend("default" = []))]
    pub previous_encryption_keys: Vec<Secret>,
    /// Whether the photos of an enrolment are kept in the storage until the face is deleted.
    #[schemars(extend("default" = false))]
    pub keep_photos: bool,
}

/// `operations.*`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OperationsSettings {
    /// The bearer token that `/metrics` requires.
    pub metrics_token: Option<Secret>,
}

/// `rate_limits.*`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateLimitSettings {
    /// Logins, and requests for mails with codes.
    pub login: LoginLimits,
    /// Recovery of accounts.
    pub recovery: RecoveryLimits,
    /// Registrations.
    pub registration: RegistrationLimits,
}

/// `rate_limits.login.*`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginLimits {
    /// Failed logins to one account in 15 minutes: passwords and faces together, and wrong current passwords. Over the
    /// limit, logins are accepted only from networks from which the user logged in before.
    #[schemars(extend("default" = 10))]
    pub per_account: Limit,
    /// Failed logins from one network in 15 minutes: passwords, faces, ID tokens and wrong codes together, and, counted
    /// apart, requests for codes.
    #[schemars(extend("default" = 100))]
    pub per_network: Limit,
}

/// `rate_limits.recovery.*`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecoveryLimits {
    /// Mails with codes to one account in 15 minutes. Over the limit the answer is the same, and no mail is sent.
    #[schemars(extend("default" = 3))]
    pub per_account: Limit,
}

/// `rate_limits.registration.*`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegistrationLimits {
    /// Registrations from one network in an hour.
    #[schemars(extend("default" = 100))]
    pub per_network: Limit,
}

/// `quotas.*`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the fields are named as the keys")]
pub struct QuotaSettings {
    /// The size of all images of a user together.
    #[schemars(extend("default" = "10GiB"))]
    pub storage_per_user: HumanSize,
    /// The images of a user.
    #[schemars(extend("default" = 100_000))]
    pub images_per_user: Limit,
    /// The queued and running tasks of a user.
    #[schemars(extend("default" = 1000))]
    pub tasks_in_flight_per_user: Limit,
}

impl DatabaseSettings {
    /// How the connection is protected; `None` is as the URL says. With own certificates the server must be verified.
    pub fn tls(&self) -> Option<TlsMode> {
        self.tls.or(self.ca.as_ref().map(|_| TlsMode::VerifyFull))
    }
}

impl S3Settings {
    /// The access key and its secret.
    pub fn keys(&self) -> Option<(String, SecretString)> {
        let (id, secret) = self.access_key_id.as_ref().zip(self.secret_access_key.as_ref())?;
        Some((id.0.clone(), secret.0.clone()))
    }
}

impl WorkerSettings {
    /// How many tasks this process runs at once; 0 for none.
    pub fn count(&self) -> usize {
        self.count.unwrap_or_else(cores)
    }

    /// How many threads do CPU work. Requests need at least one even where no tasks run.
    pub fn threads(&self) -> usize {
        self.count.filter(|count| *count > 0).unwrap_or_else(cores)
    }
}

impl OcrSettings {
    /// The languages that requests may name; `None` for every installed one.
    pub fn allowed(&self) -> Option<Vec<Language>> {
        self.languages
            .as_ref()
            .map(|languages| languages.0.iter().cloned().collect())
    }
}

impl FaceSettings {
    /// The distances that decide whether two faces are of one person.
    pub fn matching(&self) -> FaceMatching {
        let default = FaceMatching::default().identify_threshold;
        FaceMatching {
            threshold: self.threshold,
            identify_threshold: self.identify_threshold.unwrap_or(default.min(self.threshold)),
            identify_margin: self.identify_margin,
        }
    }

    /// The keys that were replaced.
    pub fn previous_encryption_keys(&self) -> Vec<SecretString> {
        self.previous_encryption_keys
            .iter()
            .map(|key| key.0.clone())
            .collect()
    }
}

impl RateLimitSettings {
    /// The limits as the use cases take them.
    pub fn limits(&self) -> RateLimits {
        RateLimits {
            login_per_account: self.login.per_account.get(),
            login_per_network: self.login.per_network.get(),
            recovery_per_account: self.recovery.per_account.get(),
            registration_per_network: self.registration.per_network.get(),
        }
    }
}

impl QuotaSettings {
    /// How much a user may store.
    pub fn storage(&self) -> StorageQuota {
        StorageQuota {
            bytes: Some(self.storage_per_user.0).filter(|bytes| *bytes > 0),
            images: self.images_per_user.get(),
        }
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}
