//! Uploads, up to the commit that adds the image.

use crate::{
    Context, Error,
    operations::{IdempotencyGuard, store_response},
};
use chrono::TimeDelta;
use domain::{
    BoxError,
    clock::Timestamp,
    ids::{ImageId, UserId},
    images::{
        BlobKey, BlobStore, ByteSource, ContentMeter, Filename, Image, ImageFacts, ImageInspector, Measured,
        StorageQuota,
    },
    store::{BoxFuture, StoreError, Transaction, TransactionError},
};
use std::sync::Arc;

/// How long an upload may take. After it, the sweep deletes the blob of an upload that has not ended.
pub(crate) const UPLOAD_WINDOW: TimeDelta = TimeDelta::hours(1);

/// The limits of uploads.
#[derive(Debug, Clone, Copy)]
pub struct UploadLimits {
    /// The largest file, in bytes.
    pub max_bytes: u64,
    /// The storage of each user.
    pub quota: StorageQuota,
}

/// A file to upload.
pub struct Upload {
    /// The user who sends it.
    pub owner: UserId,
    /// The name on the sender's machine.
    pub filename: Filename,
    /// The bytes.
    pub content: Box<dyn ByteSource>,
}

/// Further writes of the transaction that adds an image.
pub(crate) type FurtherWrites<'a> =
    dyn for<'t> Fn(&'t (dyn Transaction + 'a)) -> BoxFuture<'t, Result<(), Error>> + Send + Sync + 'a;

/// Receives images: streams them to the blob store while it counts and hashes the bytes, then decodes them under limits.
///
/// A blob is scheduled for deletion before its first byte is written, and the commit that adds the image cancels that.
pub struct Uploads {
    context: Context,
    blobs: Arc<dyn BlobStore>,
    inspector: Arc<dyn ImageInspector>,
    limits: UploadLimits,
}

impl Uploads {
    /// Creates the service.
    pub fn new(
        context: Context,
        blobs: Arc<dyn BlobStore>,
        inspector: Arc<dyn ImageInspector>,
        limits: UploadLimits,
    ) -> Self {
        Self {
            context,
            blobs,
            inspector,
            limits,
        }
    }

    /// The largest file, in bytes.
    pub fn max_bytes(&self) -> u64 {
        self.limits.max_bytes
    }

    /// Stores an image that can be decoded. The response for `guard` is stored in the same commit.
    ///
    /// After an error nothing of the upload stays, unless the outcome of the commit is unknown.
    pub async fn upload(
        &self,
        upload: Upload,
        guard: Option<&IdempotencyGuard<Image>>,
    ) -> Result<Image, Error> {
        let received = self.receive(upload).await?;
        let image = &received;
        self.add(image, &|tx| {
            Box::pin(async move { store_response(guard, tx, image).await })
        })
        .await?;
        Ok(received)
    }

    /// Stores and decodes the bytes and returns the image, which [`add`](Self::add) adds. Deletes the blob on an error.
    pub(crate) async fn receive(&self, upload: Upload) -> Result<Image, Error> {
        let began = self.context.now();
        let id = ImageId(self.context.new_id());
        let key = BlobKey::of_image(id);
        let fits = self
            .context
            .read()
            .images()
            .fits_quota(upload.owner, 1, self.limits.quota)
            .await?;
        if !fits {
            return Err(Error::QuotaExceeded);
        }
        self.schedule_deletion(&key, began + UPLOAD_WINDOW).await?;
        let received = self.store_content(upload, id, began).await;
        self.discard_on_error(&key, received).await
    }

    /// Adds a received image together with `further_writes`, in one commit. Deletes the blob if nothing was added.
    pub(crate) async fn add<'a>(
        &'a self,
        image: &'a Image,
        further_writes: &'a FurtherWrites<'a>,
    ) -> Result<(), Error> {
        let now = self.context.now();
        let added = self.context.transact(|tx| {
            Box::pin(async move {
                let add = async {
                    self.insert(tx, image, now).await?;
                    further_writes(tx).await
                };
                add.await.map_err(AddError::RolledBack)
            })
        });
        match added.await {
            Ok(()) => Ok(()),
            Err(AddError::RolledBack(error)) => self.discard_on_error(&image.blob_key(), Err(error)).await,
            // The commit may have succeeded, so the blob may be needed. If it failed, the sweep deletes the blob later.
            Err(AddError::CommitUnknown(error)) => Err(error.into()),
        }
    }

    async fn insert(&self, tx: &dyn Transaction, image: &Image, now: Timestamp) -> Result<(), Error> {
        let inserted = match tx.images().insert(image, self.limits.quota).await {
            Err(StoreError::OwnerDeleted) => return Err(Error::Unauthenticated),
            inserted => inserted?,
        };
        if !inserted {
            return Err(Error::QuotaExceeded);
        }
        let kept = tx.blob_deletions().cancel(&image.blob_key(), now).await?;
        kept.then_some(()).ok_or(Error::Timeout)
    }

    /// Returns `outcome`, and schedules the blob for deletion if it is an error.
    pub(crate) async fn discard_on_error<T>(
        &self,
        key: &BlobKey,
        outcome: Result<T, Error>,
    ) -> Result<T, Error> {
        if outcome.is_err() {
            // If this fails too, the sweep deletes the blob after the upload window.
            if let Err(error) = self.schedule_deletion(key, self.context.now()).await {
                tracing::warn!(
                    key = key.as_str(),
                    error = &error as &dyn std::error::Error,
                    "the blob of a failed upload is deleted later"
                );
            }
        }
        outcome
    }

    async fn store_content(&self, upload: Upload, id: ImageId, began: Timestamp) -> Result<Image, Error> {
        let key = BlobKey::of_image(id);
        let mut content = ContentMeter::new(upload.content, self.limits.max_bytes);
        self.blobs.write(&key, &mut content).await?;
        let measured = content.finish().ok_or(Error::UnsupportedImage)?;
        let facts = self.inspect(&key, &measured).await?;
        Ok(Image {
            id,
            owner_id: upload.owner,
            filename: upload.filename,
            media_type: measured.media_type,
            size_bytes: measured.size_bytes,
            width: facts.width,
            height: facts.height,
            pages: facts.pages,
            sha256: measured.sha256,
            uploaded_at: began,
        })
    }

    async fn inspect(&self, key: &BlobKey, measured: &Measured) -> Result<ImageFacts, Error> {
        let stored = self.reopen(key).await?;
        Ok(self.inspector.inspect(measured.media_type, stored).await?)
    }

    /// Opens the bytes of an image that was just received.
    pub(crate) async fn reopen(&self, key: &BlobKey) -> Result<Box<dyn ByteSource>, Error> {
        let stored = self.blobs.read(key).await?;
        stored.ok_or_else(|| Error::Unavailable(BoxError::from("a blob vanished after its write")))
    }

    async fn schedule_deletion(&self, key: &BlobKey, due_at: Timestamp) -> Result<(), Error> {
        self.context
            .transact(|tx| Box::pin(async move { Ok(tx.blob_deletions().schedule(key, due_at).await?) }))
            .await
    }
}

/// Tells an error before the commit, after which nothing is stored, from an error of the commit itself.
enum AddError {
    RolledBack(Error),
    CommitUnknown(StoreError),
}

impl From<StoreError> for AddError {
    fn from(error: StoreError) -> Self {
        Self::CommitUnknown(error)
    }
}

impl TransactionError for AddError {
    fn is_serialization_failure(&self) -> bool {
        match self {
            Self::RolledBack(error) => error.is_serialization_failure(),
            Self::CommitUnknown(error) => error.is_serialization_failure(),
        }
    }
}

#[cfg(test)]
#[path = "uploads_tests.rs"]
mod tests;
