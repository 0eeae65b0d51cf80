//! Enrolled faces: from three photos to the row, and its deletion.

use super::{FaceGallery, ReceivedPhoto};
use crate::{Context, Error, images::UPLOAD_WINDOW};
use domain::{
    accounts::{EventKind, Origin},
    clock::Timestamp,
    faces::{DescribedFace, Embedding, EmbeddingCipher, EnrolledFace, FaceEngine, FaceMatching, FaceQuality},
    ids::{FaceId, UserId},
    images::{BlobKey, BlobStore, BytesSource, ContentMeter},
    store::{StoreError, Transaction},
};
use std::sync::Arc;

/// Enrols, shows and deletes the faces of users.
///
/// Where photos are kept, they are written before the face is added, and scheduled for deletion before their first
/// byte. Only the commit that adds the face cancels the deletion, so a crash leaves no photo behind.
pub struct Enrolments {
    context: Context,
    blobs: Arc<dyn BlobStore>,
    engine: Arc<dyn FaceEngine>,
    cipher: Arc<dyn EmbeddingCipher>,
    /// The faces of all users, where logins without a name are enabled.
    gallery: Option<Arc<FaceGallery>>,
    matching: FaceMatching,
    keep_photos: bool,
}

impl Enrolments {
    /// The number of photos from which a face is enrolled.
    pub const PHOTOS: usize = 3;

    /// Creates the service. With a `gallery`, faces that resemble those of other users too much are rejected.
    pub fn new(
        context: Context,
        blobs: Arc<dyn BlobStore>,
        engine: Arc<dyn FaceEngine>,
        cipher: Arc<dyn EmbeddingCipher>,
        gallery: Option<Arc<FaceGallery>>,
        matching: FaceMatching,
        keep_photos: bool,
    ) -> Self {
        Self {
            context,
            blobs,
            engine,
            cipher,
            gallery,
            matching,
            keep_photos,
        }
    }

    /// Enrols the user's face, which replaces an earlier one.
    ///
    /// # Errors
    ///
    /// [`Error::Photo`] for a photo that cannot be used; [`Error::FaceMismatch`] for photos of different people;
    /// [`Error::FaceTaken`] if the face resembles another user's; [`Error::Unauthenticated`] if the user was deleted.
    pub async fn enrol(
        &self,
        user: UserId,
        photos: [ReceivedPhoto; Self::PHOTOS],
        origin: Origin,
    ) -> Result<EnrolledFace, Error> {
        let face = self.receive(user, &photos).await?;
        drop(photos);
        let (added, origin) = (&face, &origin);
        let outcome = self.context.transact(|tx| {
            Box::pin(async move {
                let user = tx.users().lock(added.user_id).await?;
                let mut user = user.ok_or(Error::Unauthenticated)?;
                self.add(tx, added).await?;
                user.has_face = true;
                tx.users().update(&user).await?;
                let enrolled = EventKind::FaceEnrolled;
                self.context
                    .record_event(tx, user.id, enrolled, origin.clone())
                    .await?;
                Ok(())
            })
        });
        let outcome = outcome.await;
        self.settle(&face, outcome).await?;
        Ok(face)
    }

    /// Returns the user's face. [`Error::NotFound`] if none is enrolled.
    pub async fn get(&self, user: UserId) -> Result<EnrolledFace, Error> {
        let face = self.context.read().faces().find(user).await?;
        face.ok_or(Error::NotFound)
    }

    /// Deletes the user's face and its photos. [`Error::NotFound`] if none is enrolled.
    pub async fn delete(&self, user: UserId, origin: Origin) -> Result<(), Error> {
        let origin = &origin;
        let deleted = self.context.transact(|tx| {
            Box::pin(async move {
                let user = tx.users().lock(user).await?;
                let mut user = user.ok_or(Error::Unauthenticated)?;
                if !delete_face(tx, user.id, self.context.now()).await? {
                    return Err(Error::NotFound);
                }
                user.has_face = false;
                tx.users().update(&user).await?;
                let deleted = EventKind::FaceDeleted;
                Ok(self
                    .context
                    .record_event(tx, user.id, deleted, origin.clone())
                    .await?)
            })
        });
        deleted.await
    }

    /// Makes a face from the photos, which is not added yet, and writes the photos where they are kept.
    pub(super) async fn receive(
        &self,
        user: UserId,
        photos: &[ReceivedPhoto; Self::PHOTOS],
    ) -> Result<EnrolledFace, Error> {
        let described = self.describe(photos).await?;
        let quality = described.iter().map(|face| face.quality);
        let quality = quality.fold(FaceQuality::new(1.0), FaceQuality::min);
        let faces: Vec<Embedding> = described.into_iter().map(|face| face.embedding).collect();
        if !self.matching.agree(&faces) {
            return Err(Error::FaceMismatch);
        }
        let mean = Embedding::mean(&faces).ok_or_else(|| Error::Internal("no mean of faces".into()))?;
        self.reject_resembling(user, &mean).await?;
        let face = EnrolledFace {
            id: FaceId(self.context.new_id()),
            user_id: user,
            embedding: self.cipher.seal(user, &mean).map_err(Error::Internal)?,
            model: self.engine.model(),
            photos: u32::try_from(Self::PHOTOS).unwrap_or(u32::MAX),
            quality,
            photos_kept: self.keep_photos,
            enrolled_at: self.context.now(),
        };
        let written = self.write_photos(&face, photos).await;
        self.settle(&face, written).await?;
        Ok(face)
    }

    /// Adds a face of a user who is locked or new in `tx`.
    pub(super) async fn add(&self, tx: &dyn Transaction, face: &EnrolledFace) -> Result<(), Error> {
        let now = self.context.now();
        schedule_photo_deletion(tx, face.user_id, now).await?;
        tx.faces().put(face).await?;
        for key in face.photo_keys() {
            if !tx.blob_deletions().cancel(&key, now).await? {
                return Err(Error::Timeout);
            }
        }
        Ok(())
    }

    /// Passes on the outcome of adding a face. After an error, its photos are scheduled for deletion.
    pub(super) async fn settle<T>(&self, face: &EnrolledFace, outcome: Result<T, Error>) -> Result<T, Error> {
        // If this fails as well, the deletion that was scheduled first is due at the end of the upload window.
        if outcome.is_err()
            && let Err(error) = self.schedule(face.photo_keys(), self.context.now()).await
        {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "photos are left for the sweep"
            );
        }
        outcome
    }

    async fn describe(&self, photos: &[ReceivedPhoto]) -> Result<Vec<DescribedFace>, Error> {
        let mut described = Vec::new();
        for (number, received) in (1..).zip(photos) {
            let face = self.engine.describe(received.photo.clone()).await;
            described.push(face.map_err(|error| Error::from(error).in_photo(number))?);
        }
        Ok(described)
    }

    /// Rejects a face so near to another user's that a login without a name could not tell them apart.
    async fn reject_resembling(&self, user: UserId, face: &Embedding) -> Result<(), Error> {
        let Some(gallery) = &self.gallery else {
            return Ok(());
        };
        let others = gallery.nearest_two(face, Some(user)).await?.unwrap_or_default();
        match others.first() {
            Some(nearest) if self.matching.confuses(nearest) => Err(Error::FaceTaken),
            _ => Ok(()),
        }
    }

    async fn write_photos(&self, face: &EnrolledFace, photos: &[ReceivedPhoto]) -> Result<(), Error> {
        self.schedule(face.photo_keys(), face.enrolled_at + UPLOAD_WINDOW)
            .await?;
        for (key, received) in face.photo_keys().iter().zip(photos) {
            let bytes = received.photo.bytes.clone();
            let length = bytes.len() as u64;
            let mut content = ContentMeter::new(Box::new(BytesSource::new(bytes)), length);
            self.blobs.write(key, &mut content).await?;
        }
        Ok(())
    }

    async fn schedule(&self, keys: Vec<BlobKey>, due_at: Timestamp) -> Result<(), Error> {
        if keys.is_empty() {
            return Ok(());
        }
        let keys = &keys;
        let scheduled = self.context.transact(|tx| {
            Box::pin(async move {
                for key in keys {
                    tx.blob_deletions().schedule(key, due_at).await?;
                }
                Ok(())
            })
        });
        scheduled.await
    }
}

/// Schedules the photos of the user's face for deletion, where they are kept.
pub(crate) async fn schedule_photo_deletion(
    tx: &dyn Transaction,
    user: UserId,
    now: Timestamp,
) -> Result<(), StoreError> {
    if let Some(face) = tx.faces().find(user).await? {
        for key in face.photo_keys() {
            tx.blob_deletions().schedule(&key, now).await?;
        }
    }
    Ok(())
}

/// Deletes the user's face and schedules its photos for deletion. Returns whether a face was enrolled.
pub(crate) async fn delete_face(
    tx: &dyn Transaction,
    user: UserId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    schedule_photo_deletion(tx, user, now).await?;
    tx.faces().delete(user).await
}

#[cfg(test)]
#[path = "enrolments_tests.rs"]
mod tests;
