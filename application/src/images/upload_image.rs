//! Taking in an image.

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
    store::{Store, StoreError},
};
use std::sync::Arc;

/// How long an upload may take. A blob whose upload has not ended by then is swept.
const UPLOAD_WINDOW: TimeDelta = TimeDelta::hours(1);

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

/// Stores an image that can be read: streamed to the blob store while counted and hashed, then decoded under limits.
pub struct UploadImage {
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

impl UploadImage {
    /// The stored image. After an error nothing of it stays: the blob was scheduled for deletion before its first
    /// byte was written, and only the commit that adds the image takes that back.
    pub async fn execute(&self, upload: Upload) -> Result<Image, Error> {
        let began = self.clock.now();
        let id = ImageId(self.ids.next());
        let key = BlobKey::of_image(id);
        let fits = self
            .store
            .images()
            .fits_quota(upload.owner, 1, self.limits.quota)
            .await?;
        if !fits {
            return Err(Error::QuotaExceeded);
        }
        self.schedule(&key, began + UPLOAD_WINDOW).await?;
        let outcome = self.take_in(upload, id, began).await;
        if outcome.is_err() {
            // Best effort: where this fails too, the blob goes when the window ends.
            if let Err(error) = self.schedule(&key, self.clock.now()).await {
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
        let image = Image {
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
        };
        self.add(&image).await?;
        Ok(image)
    }

    async fn inspect(&self, key: &BlobKey, measured: &Measured) -> Result<ImageFacts, Error> {
        let stored = self.blobs.read(key).await?;
        let stored =
            stored.ok_or_else(|| Error::Unavailable(BoxError::from("a blob vanished after its write")))?;
        Ok(self.inspector.inspect(measured.media_type, stored).await?)
    }

    async fn add(&self, image: &Image) -> Result<(), Error> {
        let work = self.store.begin().await?;
        let added = match work.images().insert(image, self.limits.quota).await {
            Err(StoreError::OwnerGone) => return Err(Error::Unauthenticated),
            added => added?,
        };
        if !added {
            return Err(Error::QuotaExceeded);
        }
        if !work
            .blob_deletions()
            .cancel(&image.blob_key(), self.clock.now())
            .await?
        {
            return Err(Error::Timeout);
        }
        work.commit().await?;
        Ok(())
    }

    async fn schedule(&self, key: &BlobKey, due_at: Timestamp) -> Result<(), Error> {
        let work = self.store.begin().await?;
        work.blob_deletions().schedule(key, due_at).await?;
        work.commit().await?;
        Ok(())
    }
}

#[cfg(test)]
#[path = "upload_image_tests.rs"]
mod tests;
