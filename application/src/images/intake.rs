//! The way of an image into the service, up to the commit that adds it.

use crate::Error;
use chrono::TimeDelta;
use domain::{
    BoxError,
    clock::{Clock, Timestamp},
    ids::{IdGenerator, ImageId, UserId},
    images::{
        BlobKey, BlobStore, ByteSource, ContentMeter, Filename, Image, ImageFacts, ImageInspector, Measured,
        StorageQuota,
    },
    store::{Store, StoreError, Transaction},
};
use std::sync::Arc;

/// How long an upload may take. A blob whose upload has not ended by then is swept.
pub(crate) const UPLOAD_WINDOW: TimeDelta = TimeDelta::hours(1);

/// How much may be uploaded.
#[derive(Debug, Clone, Copy)]
pub struct UploadLimits {
    /// The most bytes of one file.
    pub max_bytes: u64,
    /// The most that a user may store.
    pub quota: StorageQuota,
}

/// A file on its way in.
pub struct Upload {
    /// Who sends it.
    pub owner: UserId,
    /// The name it has with the sender.
    pub filename: Filename,
    /// Its bytes.
    pub content: Box<dyn ByteSource>,
}

/// Takes images in: streamed to the blob store while counted and hashed, then decoded under limits. The blob is scheduled
/// for deletion before its first byte is written, and only the commit that adds the image takes that back.
pub struct ImageIntake {
    /// Where images are kept.
    pub store: Arc<dyn Store>,
    /// Where their bytes are kept.
    pub blobs: Arc<dyn BlobStore>,
    /// Decodes them.
    pub inspector: Arc<dyn ImageInspector>,
    /// When the upload began.
    pub clock: Arc<dyn Clock>,
    /// Names the image.
    pub ids: Arc<dyn IdGenerator>,
    /// How much may be uploaded.
    pub limits: UploadLimits,
}

impl ImageIntake {
    /// An image whose bytes are stored and can be read, but that is not added yet. After an error nothing of it stays.
    pub(crate) async fn receive(&self, upload: Upload) -> Result<Image, Error> {
        let began = self.clock.now();
        let id = ImageId(self.ids.next());
        let key = BlobKey::of_image(id);
        let fits = self
            .store
            .read()
            .images()
            .fits_quota(upload.owner, 1, self.limits.quota)
            .await?;
        if !fits {
            return Err(Error::QuotaExceeded);
        }
        self.schedule(&key, began + UPLOAD_WINDOW).await?;
        let received = self.take_in(upload, id, began).await;
        self.settle(&key, received).await
    }

    /// Adds a received image in a unit of work, for the caller to commit.
    pub(crate) async fn add(&self, image: &Image) -> Result<Box<dyn Transaction>, Error> {
        let unit = self.store.begin().await?;
        let added = match unit.images().insert(image, self.limits.quota).await {
            Err(StoreError::OwnerDeleted) => return Err(Error::Unauthenticated),
            added => added?,
        };
        if !added {
            return Err(Error::QuotaExceeded);
        }
        let kept = unit
            .blob_deletions()
            .cancel(&image.blob_key(), self.clock.now())
            .await?;
        if kept { Ok(unit) } else { Err(Error::Timeout) }
    }

    /// Passes on an outcome of what was not committed yet; when it is an error, the blob goes.
    pub(crate) async fn settle<T>(&self, key: &BlobKey, outcome: Result<T, Error>) -> Result<T, Error> {
        if outcome.is_err() {
            // Best effort: where this fails too, the blob goes when the window ends.
            if let Err(error) = self.schedule(key, self.clock.now()).await {
                tracing::warn!(
                    key = key.as_str(),
                    error = &error as &dyn std::error::Error,
                    "blob left for later"
                );
            }
        }
        outcome
    }

    async fn take_in(&self, upload: Upload, id: ImageId, began: Timestamp) -> Result<Image, Error> {
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

    /// The bytes of what was just received.
    pub(crate) async fn reopen(&self, key: &BlobKey) -> Result<Box<dyn ByteSource>, Error> {
        let stored = self.blobs.read(key).await?;
        stored.ok_or_else(|| Error::Unavailable(BoxError::from("a blob vanished after its write")))
    }

    async fn schedule(&self, key: &BlobKey, due_at: Timestamp) -> Result<(), Error> {
        let unit = self.store.begin().await?;
        unit.blob_deletions().schedule(key, due_at).await?;
        unit.commit().await?;
        Ok(())
    }
}
