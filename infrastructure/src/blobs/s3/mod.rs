//! Blobs as objects of an S3 bucket.

mod error;
mod parts;
mod settings;

use super::{checked, unavailable};
use async_trait::async_trait;
use bytes::Bytes;
use domain::{
    BoxError,
    images::{
        BlobError, BlobKey, BlobListing, BlobStore, ByteSource, ContentMeter, ObjectMetadata, SourceError,
    },
    operations::HealthProbe,
};
pub use error::S3Error;
use futures_util::{StreamExt, stream::BoxStream};
use object_store::{
    Error, ObjectMeta, ObjectStore, ObjectStoreExt, PutPayload, PutPayloadMut,
    aws::AmazonS3,
    path::Path,
    signer::{Method, SignedUrlOptions, Signer},
};
use parts::{PART, PartsUpload};
pub use settings::{S3Access, S3Encryption, S3Keys, S3Settings};
use std::time::Duration;

/// The object that shows whether the bucket can be used. No key is its name, for keys are of folders.
const MARK: &str = "ocellus-probe";

/// How many objects a page of a listing has at most; S3 itself lists as many at once.
const LISTED_AT_ONCE: usize = 1000;

/// Keeps each blob in an object of its own. Keys are names below the prefix. What fails on the way is tried again for a
/// few seconds, longer apart each time.
#[derive(Debug, Clone)]
pub struct S3BlobStore {
    s3: AmazonS3,
    prefix: Path,
}

impl S3BlobStore {
    /// Opens a bucket, and shows that it can be listed and written.
    ///
    /// # Errors
    ///
    /// When it cannot: says which of the settings is to blame.
    pub async fn open(settings: &S3Settings) -> Result<Self, S3Error> {
        let prefix = Path::parse(&settings.prefix).map_err(|error| S3Error::Settings(error.to_string()))?;
        let s3 = settings.access.connect(&settings.bucket)?;
        let store = Self { s3, prefix };
        // Nothing lies below the mark: this asks no more than whether there is a bucket, and who may look into it.
        let mut below = store.s3.list(Some(&store.mark()));
        let listed = below.next().await.transpose();
        listed.map_err(|error| S3Error::of(&error))?;
        store.leave_mark().await.map_err(|error| S3Error::of(&error))?;
        Ok(store)
    }

    fn path(&self, key: &BlobKey) -> Result<Path, BlobError> {
        let parts = checked(key)?.split('/');
        Ok(parts.fold(self.prefix.clone(), Path::join))
    }

    fn mark(&self) -> Path {
        self.prefix.clone().join(MARK)
    }

    async fn leave_mark(&self) -> Result<(), Error> {
        let said = PutPayload::from_static(b"Ocellus can write here.");
        self.s3.put(&self.mark(), said).await?;
        Ok(())
    }
}

/// Whether it is the object that is not there. A bucket that is gone is another matter: nothing is known of its objects.
fn is_absent(error: &Error) -> bool {
    matches!(error, Error::NotFound { .. }) && !error::told(error).contains("NoSuchBucket")
}

#[async_trait]
impl BlobStore for S3BlobStore {
    async fn write(&self, key: &BlobKey, content: &mut ContentMeter) -> Result<(), BlobError> {
        let path = self.path(key)?;
        let mut start = PutPayloadMut::new();
        while start.content_length() < PART {
            let Some(chunk) = content.next_chunk().await? else {
                // What fits into one part needs one request.
                let put = self.s3.put(&path, start.freeze());
                return put.await.map(drop).map_err(unavailable);
            };
            start.extend_from_slice(&chunk);
        }
        let upload = PartsUpload::begin(&self.s3, &path).await.map_err(unavailable)?;
        upload.run(start.freeze(), content).await
    }

    async fn read(&self, key: &BlobKey) -> Result<Option<Box<dyn ByteSource>>, BlobError> {
        match self.s3.get(&self.path(key)?).await {
            Ok(object) => Ok(Some(Box::new(ObjectSource(object.into_stream())))),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(unavailable(error)),
        }
    }

    async fn link(
        &self,
        key: &BlobKey,
        label: &ObjectMetadata,
        valid_for: Duration,
    ) -> Result<Option<String>, BlobError> {
        let shown = SignedUrlOptions::new().with_query([
            ("response-content-type", label.media_type.as_str().to_owned()),
            (
                "response-content-disposition",
                label.filename.content_disposition(),
            ),
        ]);
        let path = self.path(key)?;
        let url = self
            .s3
            .signed_url_opts(Method::GET, &path, valid_for, &shown)
            .await;
        url.map(|url| Some(url.into())).map_err(unavailable)
    }

    async fn delete(&self, key: &BlobKey) -> Result<(), BlobError> {
        match self.s3.delete(&self.path(key)?).await {
            Err(error) if !is_absent(&error) => Err(unavailable(error)),
            _ => Ok(()),
        }
    }

    async fn list(&self) -> Result<Box<dyn BlobListing>, BlobError> {
        Ok(Box::new(ObjectListing {
            objects: self.s3.list(Some(&self.prefix)).chunks(LISTED_AT_ONCE).boxed(),
            prefix: self.prefix.clone(),
        }))
    }
}

#[async_trait]
impl HealthProbe for S3BlobStore {
    async fn probe(&self) -> Result<(), BoxError> {
        match self.s3.head(&self.mark()).await {
            Ok(_) => Ok(()),
            // Whoever tidied up took the mark, too.
            Err(Error::NotFound { .. }) => Ok(self.leave_mark().await?),
            Err(error) => Err(error.into()),
        }
    }
}

/// The objects below the prefix.
struct ObjectListing {
    objects: BoxStream<'static, Vec<Result<ObjectMeta, Error>>>,
    prefix: Path,
}

#[async_trait]
impl BlobListing for ObjectListing {
    async fn next_page(&mut self) -> Result<Option<Vec<BlobKey>>, BlobError> {
        let Some(objects) = self.objects.next().await else {
            return Ok(None);
        };
        let mut keys = Vec::with_capacity(objects.len());
        for object in objects {
            let location = object.map_err(unavailable)?.location;
            let parts = location.prefix_match(&self.prefix).into_iter().flatten();
            let parts: Vec<_> = parts.map(|part| part.as_ref().to_owned()).collect();
            keys.push(BlobKey::from_stored(parts.join("/")));
        }
        Ok(Some(keys))
    }
}

/// A blob that is being read.
struct ObjectSource(BoxStream<'static, Result<Bytes, Error>>);

#[async_trait]
impl ByteSource for ObjectSource {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, SourceError> {
        loop {
            match self.0.next().await {
                Some(Ok(chunk)) if chunk.is_empty() => {}
                Some(Ok(chunk)) => return Ok(Some(chunk)),
                Some(Err(error)) => return Err(SourceError::Unavailable(error.into())),
                None => return Ok(None),
            }
        }
    }
}
