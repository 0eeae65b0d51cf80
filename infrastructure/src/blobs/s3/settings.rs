//! Where the bucket is and who opens it.

use super::S3Error;
use object_store::{
    BackoffConfig, Certificate, ClientOptions, Error, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

/// How long a connection may take to come about.
const CONNECTING: Duration = Duration::from_secs(5);
/// How long the server may be silent, and how long a part may take on its way.
const SILENCE: Duration = Duration::from_secs(30);
/// How often what failed is tried again, and how long after the first attempt at the latest.
const MORE_ATTEMPTS: usize = 4;
const TRYING: Duration = Duration::from_secs(15);

/// A bucket.
#[derive(Debug, Clone)]
pub struct S3Settings {
    /// The bucket.
    pub bucket: String,
    /// What the names of all objects begin with, without a slash at its ends; may be empty.
    pub prefix: String,
    /// How it is reached.
    pub access: S3Access,
}

/// How the buckets of a server are reached; by default as the machine's environment says.
#[derive(Debug, Clone, Default)]
pub struct S3Access {
    /// The address of the server, without the bucket; `None` is Amazon's.
    pub endpoint: Option<String>,
    /// Whether the server may be spoken to in the open.
    pub allow_http: bool,
    /// The region; `None` is what the machine's environment names, else `us-east-1`.
    pub region: Option<String>,
    /// Who opens it; `None` is what the machine's environment or its role says.
    pub keys: Option<S3Keys>,
    /// How the server encrypts what it keeps; `None` is as the bucket has it.
    pub encryption: Option<S3Encryption>,
    /// Certificates, as PEM, of who may vouch for the server, beside those that everybody trusts.
    pub ca: Option<String>,
}

/// An access key.
#[derive(Debug, Clone)]
pub struct S3Keys {
    /// Its name.
    pub access_key_id: String,
    /// What requests are signed with.
    pub secret_access_key: SecretString,
}

/// Who holds the key that objects are encrypted with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum S3Encryption {
    /// The object store.
    Managed,
    /// The key management service.
    Kms {
        /// Which key; `None` is the service's own for buckets.
        key_id: Option<String>,
    },
}

impl S3Access {
    /// A client for a bucket, which has asked for nothing yet.
    pub(crate) fn connect(&self, bucket: &str) -> Result<AmazonS3, S3Error> {
        let refused = |error: Error| S3Error::Settings(error.to_string());
        let builder = match &self.keys {
            Some(keys) => AmazonS3Builder::new()
                .with_access_key_id(&keys.access_key_id)
                .with_secret_access_key(keys.secret_access_key.expose_secret()),
            None => AmazonS3Builder::from_env(),
        };
        let mut client = ClientOptions::new()
            .with_allow_http(self.allow_http)
            .with_connect_timeout(CONNECTING)
            .with_read_timeout(SILENCE)
            // The whole of a download may take as long as its reader does.
            .with_timeout_disabled();
        if let Some(ca) = &self.ca {
            let given = Certificate::from_pem_bundle(ca.as_bytes());
            for certificate in given.map_err(refused)? {
                client = client.with_root_certificate(certificate);
            }
        }
        let retry = RetryConfig {
            backoff: BackoffConfig {
                max_backoff: Duration::from_secs(2),
                ..BackoffConfig::default()
            },
            max_retries: MORE_ATTEMPTS,
            retry_timeout: TRYING,
        };
        let mut builder = builder
            .with_bucket_name(bucket)
            .with_client_options(client)
            .with_retry(retry)
            // Few other servers have it.
            .with_disable_bulk_delete(true);
        if let Some(region) = &self.region {
            builder = builder.with_region(region);
        }
        builder = match &self.endpoint {
            Some(endpoint) => builder.with_endpoint(endpoint),
            // A certificate for all buckets covers no dot in a name.
            None => builder.with_virtual_hosted_style_request(!bucket.contains('.')),
        };
        for (key, value) in self.encryption.iter().flat_map(S3Encryption::wishes) {
            builder = builder.with_config(key.parse().map_err(refused)?, value);
        }
        builder.build().map_err(refused)
    }
}

impl S3Encryption {
    /// What the client calls it.
    fn wishes(&self) -> Vec<(&'static str, &str)> {
        const KIND: &str = "aws_server_side_encryption";
        match self {
            Self::Managed => vec![(KIND, "AES256")],
            Self::Kms { key_id: None } => vec![(KIND, "aws:kms")],
            Self::Kms { key_id: Some(id) } => vec![(KIND, "aws:kms"), ("aws_sse_kms_key_id", id)],
        }
    }
}
