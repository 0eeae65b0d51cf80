//! Looking for a face among all that are enrolled.

use crate::Error;
use chrono::TimeDelta;
use domain::{
    clock::{Clock, Timestamp},
    faces::{Embedding, EmbeddingCipher, EnrolledFace, FaceEngine, Gallery, GalleryEntry, Neighbour},
    ids::{FaceId, UserId},
    store::{Store, StoreError},
};
use std::sync::Arc;
use tokio::sync::Mutex;

/// For how long faces are known that were read. What is gone stays in memory for no longer, and what was added long after it
/// got its id is found.
const FRESH: TimeDelta = TimeDelta::minutes(5);
/// How many faces are read at once.
const PAGE: u64 = 1000;

/// Finds the users whose faces are nearest. It holds every face in memory, and reads before each search those that were
/// enrolled meanwhile, here or in another process; what it finds is looked up again, so that none counts that is gone.
pub struct FaceGallery {
    store: Arc<dyn Store>,
    cipher: Arc<dyn EmbeddingCipher>,
    engine: Arc<dyn FaceEngine>,
    clock: Arc<dyn Clock>,
    limit: usize,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    gallery: Gallery,
    newest: Option<FaceId>,
    /// When the first of them were read.
    since: Option<Timestamp>,
}

impl FaceGallery {
    /// Searches among at most `limit` faces: the more there are, the likelier one is near by chance.
    pub fn new(
        store: Arc<dyn Store>,
        cipher: Arc<dyn EmbeddingCipher>,
        engine: Arc<dyn FaceEngine>,
        clock: Arc<dyn Clock>,
        limit: usize,
    ) -> Self {
        Self {
            store,
            cipher,
            engine,
            clock,
            limit,
            known: Mutex::default(),
        }
    }

    /// The nearest two faces, the nearest first, without that of `except`; `None` when more are enrolled than may be.
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
            let gone = self.gone_of(&nearest).await?;
            if gone.is_empty() {
                return Ok(Some(nearest));
            }
            for neighbour in &gone {
                known.gallery.remove(neighbour);
            }
        }
    }

    /// Whether there are few enough to search among.
    pub(super) async fn may_search(&self) -> Result<bool, Error> {
        let mut known = self.known.lock().await;
        Ok(self.read_all(&mut known).await?)
    }

    /// Forgets faces that were read too long ago; the next search reads them again.
    pub async fn forget_old(&self) {
        self.forget_older(&mut *self.known.lock().await);
    }

    fn forget_older(&self, known: &mut Known) {
        if known.since.is_some_and(|since| since + FRESH < self.clock.now()) {
            *known = Known::default();
        }
    }

    /// Reads what is not known yet; false when there is more than may be.
    async fn read_all(&self, known: &mut Known) -> Result<bool, StoreError> {
        self.forget_older(known);
        self.read_new(known).await?;
        if known.gallery.len() <= self.limit {
            return Ok(true);
        }
        if self.store.read().faces().count().await? > self.limit as u64 {
            return Ok(false);
        }
        // Some of those are gone.
        *known = Known::default();
        self.read_new(known).await?;
        Ok(true)
    }

    async fn read_new(&self, known: &mut Known) -> Result<(), StoreError> {
        known.since = known.since.or_else(|| Some(self.clock.now()));
        let mut after = known.newest.map(FaceId::moments_before);
        while known.gallery.len() <= self.limit {
            let faces = self.store.read().faces().list(after, PAGE).await?;
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

    /// `None` for one that cannot be compared with.
    fn entry(&self, face: &EnrolledFace) -> Option<GalleryEntry> {
        if face.model != self.engine.model() {
            return None;
        }
        let opened = self.cipher.open(face.user_id, &face.embedding);
        let embedding = opened.inspect_err(|error| {
            tracing::error!(user = %face.user_id, error = &**error as &dyn std::error::Error, "a face cannot be opened");
        });
        Some(GalleryEntry {
            face_id: face.id,
            user_id: face.user_id,
            embedding: embedding.ok()?,
        })
    }

    async fn gone_of(&self, nearest: &[Neighbour]) -> Result<Vec<Neighbour>, StoreError> {
        let mut gone = Vec::new();
        for neighbour in nearest {
            let current = self.store.read().faces().find(neighbour.user_id).await?;
            if current.is_none_or(|face| face.id != neighbour.face_id) {
                gone.push(*neighbour);
            }
        }
        Ok(gone)
    }
}

#[cfg(test)]
#[path = "face_gallery_tests.rs"]
mod tests;
