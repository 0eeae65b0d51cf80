//! The way of a face into the service, up to the commit that adds it.

use super::{FaceGallery, ReceivedPhoto, forget_photos};
use crate::{Error, images::UPLOAD_WINDOW};
use async_trait::async_trait;
use bytes::Bytes;
use domain::{
    clock::{Clock, Timestamp},
    faces::{DescribedFace, Embedding, EmbeddingCipher, EnrolledFace, FaceEngine, FaceMatching, FaceQuality},
    ids::{FaceId, IdGenerator, UserId},
    images::{BlobKey, BlobStore, ByteSource, ContentMeter, SourceError},
    store::{Store, Transaction},
};
use std::sync::Arc;

/// Makes faces that can be enrolled out of photos. Photos that are to be kept are written before the face is added, each
/// scheduled for deletion before its first byte; only the commit that adds the face takes that back.
pub struct FaceIntake {
    /// Where faces are kept.
    pub store: Arc<dyn Store>,
    /// Where photos are kept.
    pub blobs: Arc<dyn BlobStore>,
    /// Finds the faces.
    pub engine: Arc<dyn FaceEngine>,
    /// Encrypts what was found.
    pub cipher: Arc<dyn EmbeddingCipher>,
    /// The others, where users log in without a name.
    pub gallery: Option<Arc<FaceGallery>>,
    /// When photos are of one person.
    pub matching: FaceMatching,
    /// Whether photos are kept.
    pub keep_photos: bool,
    /// When the face was enrolled.
    pub clock: Arc<dyn Clock>,
    /// Names the face.
    pub ids: Arc<dyn IdGenerator>,
}

impl FaceIntake {
    /// How many photos a face is enrolled with.
    pub const PHOTOS: usize = 3;

    /// A face that is not added yet. [`Error::Photo`] names the photo that cannot be used and says why,
    /// [`Error::FaceMismatch`] when the photos are of different people, [`Error::FaceTaken`] when users log in without a
    /// name and another is too like this one.
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
        self.refuse_doubles(user, &mean).await?;
        let face = EnrolledFace {
            id: FaceId(self.ids.next()),
            user_id: user,
            embedding: self.cipher.seal(user, &mean).map_err(Error::Internal)?,
            model: self.engine.model(),
            photos: u32::try_from(Self::PHOTOS).unwrap_or(u32::MAX),
            quality,
            photos_kept: self.keep_photos,
            enrolled_at: self.clock.now(),
        };
        let kept = self.keep(&face, photos).await;
        self.settle(&face, kept).await?;
        Ok(face)
    }

    /// Adds a face in a unit of work in which its user is locked or new, for the caller to commit.
    pub(super) async fn add(&self, unit: &dyn Transaction, face: &EnrolledFace) -> Result<(), Error> {
        let now = self.clock.now();
        forget_photos(unit, face.user_id, now).await?;
        unit.faces().put(face).await?;
        for key in face.photo_keys() {
            if !unit.blob_deletions().cancel(&key, now).await? {
                return Err(Error::Timeout);
            }
        }
        Ok(())
    }

    /// Passes on an outcome of what was not committed yet; when it is an error, photos that were kept go.
    pub(super) async fn settle<T>(&self, face: &EnrolledFace, outcome: Result<T, Error>) -> Result<T, Error> {
        // Best effort: where this fails too, they go when the window ends.
        if outcome.is_err()
            && let Err(error) = self.schedule(face.photo_keys(), self.clock.now()).await
        {
            tracing::warn!(error = &error as &dyn std::error::Error, "photos left for later");
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

    /// A face too near to another's could log in to neither account, or to the other's.
    async fn refuse_doubles(&self, user: UserId, face: &Embedding) -> Result<(), Error> {
        let Some(gallery) = &self.gallery else {
            return Ok(());
        };
        let others = gallery.nearest_two(face, Some(user)).await?.unwrap_or_default();
        match others.first() {
            Some(nearest) if self.matching.confuses(nearest) => Err(Error::FaceTaken),
            _ => Ok(()),
        }
    }

    async fn keep(&self, face: &EnrolledFace, photos: &[ReceivedPhoto]) -> Result<(), Error> {
        self.schedule(face.photo_keys(), face.enrolled_at + UPLOAD_WINDOW)
            .await?;
        for (key, received) in face.photo_keys().iter().zip(photos) {
            let bytes = received.photo.bytes.clone();
            let length = bytes.len() as u64;
            let mut content = ContentMeter::new(Box::new(Whole(Some(bytes))), length);
            self.blobs.write(key, &mut content).await?;
        }
        Ok(())
    }

    async fn schedule(&self, keys: Vec<BlobKey>, due_at: Timestamp) -> Result<(), Error> {
        if keys.is_empty() {
            return Ok(());
        }
        let unit = self.store.begin().await?;
        for key in &keys {
            unit.blob_deletions().schedule(key, due_at).await?;
        }
        Ok(unit.commit().await?)
    }
}

/// Bytes that are there already.
struct Whole(Option<Bytes>);

#[async_trait]
impl ByteSource for Whole {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, SourceError> {
        Ok(self.0.take())
    }
}

#[cfg(test)]
#[path = "face_intake_tests.rs"]
mod tests;
