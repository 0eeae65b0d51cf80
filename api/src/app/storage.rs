//! Opening the blob store that is configured.

use super::{StartError, at};
use crate::configuration::{self, Encryption, S3Settings, StorageSettings};
use domain::{images::BlobStore, operations::HealthProbe};
use infrastructure::blobs::{self, LocalBlobStore, S3BlobStore, S3Error};
use std::sync::Arc;

/// A blob store, as what keeps blobs and as a part that may fail.
pub struct Storage {
    pub blobs: Arc<dyn BlobStore>,
    pub probe: Arc<dyn HealthProbe>,
}

impl Storage {
    fn of<S: BlobStore + HealthProbe + 'static>(store: S) -> Self {
        let store = Arc::new(store);
        Self {
            blobs: store.clone(),
            probe: store,
        }
    }
}

/// Opens it; an error names the key that is to blame.
pub async fn open_storage(settings: &StorageSettings) -> Result<Storage, StartError> {
    match &settings.url.0 {
        configuration::Storage::Folder(folder) => {
            let store = LocalBlobStore::open(folder.clone()).map_err(at("storage.url"))?;
            Ok(Storage::of(store))
        }
        configuration::Storage::Bucket { bucket, prefix } => {
            let settings = blobs::S3Settings {
                bucket: bucket.clone(),
                prefix: prefix.clone(),
                access: access(&settings.s3),
            };
            let store = S3BlobStore::open(&settings).await;
            store.map(Storage::of).map_err(|error| at(blamed(&error))(error))
        }
    }
}

/// How buckets are reached, as the adapters take it.
pub fn access(settings: &S3Settings) -> blobs::S3Access {
    blobs::S3Access {
        endpoint: settings.endpoint.as_ref().map(|endpoint| endpoint.0.clone()),
        allow_http: settings.allow_http,
        region: settings.region.as_ref().map(|region| region.0.clone()),
        keys: settings
            .keys()
            .map(|(access_key_id, secret_access_key)| blobs::S3Keys {
                access_key_id,
                secret_access_key,
            }),
        ca: settings.ca.as_ref().map(|ca| ca.0.clone()),
        encryption: settings.encryption.clone().map(|encryption| match encryption.0 {
            Encryption::Managed => blobs::S3Encryption::Managed,
            Encryption::Kms { key_id } => blobs::S3Encryption::Kms { key_id },
        }),
    }
}

fn blamed(error: &S3Error) -> &'static str {
    match error {
        S3Error::Endpoint(_) => "storage.s3.endpoint",
        S3Error::AccessKey | S3Error::NoKey => "storage.s3.access_key_id",
        S3Error::SecretKey => "storage.s3.secret_access_key",
        S3Error::Region => "storage.s3.region",
        S3Error::Bucket | S3Error::Refused(_) | S3Error::Settings(_) => "storage.url",
    }
}
