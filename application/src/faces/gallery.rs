//! The search for a face among all enrolled faces.

use crate::{Context, Error};
use chrono::TimeDelta;
use domain::{
    clock::Timestamp,
    faces::{Embedding, EmbeddingCipher, EnrolledFace, FaceEngine, Gallery, GalleryEntry, Neighbour},
    ids::{FaceId, UserId},
    store::StoreError,
};
use std::sync::Arc;
use tokio::sync::Mutex;

/// The age at which the faces in memory are dropped and read again. It bounds how long a deleted face stays in memory, and finds faces
/// whose transaction committed late.
const MAX_AGE: TimeDelta = TimeDelta::minutes(5);
/// The number of faces in one query.
const PAGE: u64 = 1000;

/// Finds the users with the nearest faces.
///
/// It holds every face in memory, and before each search reads those that were enrolled since, in any process. The faces it
/// finds are looked up again, so that deleted ones do not count.
pub struct FaceGallery {
    context: Context,
    cipher: Arc<dyn EmbeddingCipher>,
    engine: Arc<dyn FaceEngine>,
    limit: usize,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    gallery: Gallery,
    newest: Option<FaceId>,
    /// The time of the first query.
    since: Option<Timestamp>,
}

impl FaceGallery {
    /// Creates a gallery of at most `limit` faces. With more of them, a false match becomes too likely.
    pub fn new(
        context: Context,
        cipher: Arc<dyn EmbeddingCipher>,
        engine: Arc<dyn FaceEngine>,
        limit: usize,
    ) -> Self {
        Self {
            context,
            cipher,
            engine,
            limit,
            known: Mutex::default(),
        }
    }

    /// Returns the nearest two faces, nearest first, without that of `except`; `None` if more than the limit are enrolled.
    pub(super) async fn nearest_two(
        &self,
        shown: &Embedding,
        except: Option<UserId>,
    ) -> Result<Option<Vec<Neighbour>>, Error> {
        let mut known = self.known.lock().await;
        if !self.read_all(&mut known).await? {
            return Ok(None);
        }
        loop {
            let nearest = known.gallery.nearest_two(shown, except);
            let deleted = self.deleted_among(&nearest).await?;
            if deleted.is_empty() {
                return Ok(Some(nearest));
            }
            for neighbour in &deleted {
                known.gallery.remove(neighbour);
            }
        }
    }

    /// Returns whether at most the limit of faces are enrolled.
    pub(super) async fn is_searchable(&self) -> Result<bool, Error> {
        let mut known = self.known.lock().await;
        Ok(self.read_all(&mut known).await?)
    }

    /// Drops the faces in memory once they are too old. The next search reads them again.
    pub async fn drop_expired(&self) {
        self.drop_if_expired(&mut *self.known.lock().await);
    }

    fn drop_if_expired(&self, known: &mut Known) {
        if known
            .since
            .is_some_and(|since| since + MAX_AGE < self.context.now())
        {
            *known = Known::default();
        }
    }

    /// Reads the faces that are not in memory. Returns false if more than the limit are enrolled.
    async fn read_all(&self, known: &mut Known) -> Result<bool, StoreError> {
        self.drop_if_expired(known);
        self.read_new(known).await?;
        if known.gallery.len() <= self.limit {
            return Ok(true);
        }
        if self.context.read().faces().count().await? > self.limit as u64 {
            return Ok(false);
        }
        // Some of those in memory were deleted.
        *known = Known::default();
        self.read_new(known).await?;
        Ok(true)
    }

    async fn read_new(&self, known: &mut Known) -> Result<(), StoreError> {
        known.since = known.since.or_else(|| Some(self.context.now()));
        let mut after = known.newest.map(FaceId::moments_before);
        while known.gallery.len() <= self.limit {
            let faces = self.context.read().faces().list(after, PAGE).await?;
            let last = faces.last().map(|face| face.id);
            let whole = faces.len() as u64 == PAGE;
            let entries = faces.into_iter().filter_map(|face| self.entry(&face));
            entries.for_each(|entry| known.gallery.put(entry));
            known.newest = known.newest.max(last);
            after = last;
            if !whole {
                break;
            }
        }
        Ok(())
    }

    /// Decrypts a face; `None` if it is of another model or cannot be decrypted.
    fn entry(&self, face: &EnrolledFace) -> Option<GalleryEntry> {
        if face.model != self.engine.model() {
            return None;
        }
        let opened = self.cipher.open(face.user_id, &face.embedding);
        let embedding = opened.inspect_err(|error| {
            tracing::error!(user = %face.user_id, error = &**error as &dyn std::error::Error, "an embedding cannot be decrypted");
        });
        Some(GalleryEntry {
            face_id: face.id,
            user_id: face.user_id,
            embedding: embedding.ok()?,
        })
    }

    async fn deleted_among(&self, nearest: &[Neighbour]) -> Result<Vec<Neighbour>, StoreError> {
        let mut deleted = Vec::new();
        for neighbour in nearest {
            let current = self.context.read().faces().find(neighbour.user_id).await?;
            if current.is_none_or(|face| face.id != neighbour.face_id) {
                deleted.push(*neighbour);
            }
        }
        Ok(deleted)
    }
}

#[cfg(test)]
#[path = "gallery_tests.rs"]
mod tests;
