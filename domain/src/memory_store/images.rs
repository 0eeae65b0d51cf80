use super::{Repositories, State, page_of};
use crate::{
    clock::Timestamp,
    ids::{ImageId, UserId},
    images::{
        BlobDeletionReader, BlobDeletionRepository, BlobKey, Image, ImageReader, ImageRepository,
        StorageQuota,
    },
    ocr::{LanguageSet, Text, TextReader, TextRepository},
    page::{Page, PageRequest},
    store::{Conflict, StoreError},
};
use async_trait::async_trait;

impl State {
    /// Returns whether the owner can add an image of this size.
    fn fits_quota(&self, owner: UserId, size_bytes: u64, quota: StorageQuota) -> Result<bool, StoreError> {
        self.require_user(owner)?;
        let stored = self.images.values().filter(|image| image.owner_id == owner);
        let (count, bytes) = stored.fold((0, 0), |(count, bytes), image| {
            (count + 1, bytes + image.size_bytes)
        });
        let fits_count = quota.images.is_none_or(|limit| count < limit);
        Ok(fits_count && quota.bytes.is_none_or(|limit| bytes + size_bytes <= limit))
    }

    /// Deletes the matching images with their texts and predictions.
    pub(super) fn delete_images(&mut self, matches: impl Fn(&Image) -> bool) -> bool {
        let before = self.images.len();
        self.images.retain(|_, image| !matches(image));
        let Self {
            images,
            texts,
            predictions,
            ..
        } = self;
        texts.retain(|text| images.contains_key(&text.image_id.0));
        predictions.retain(|_, prediction| images.contains_key(&prediction.image_id.0));
        self.images.len() < before
    }
}

#[async_trait]
impl ImageReader for Repositories {
    async fn find(&self, owner: UserId, id: ImageId) -> Result<Option<Image>, StoreError> {
        Ok(self
            .state()
            .images
            .get(&id.0)
            .filter(|image| image.owner_id == owner)
            .cloned())
    }

    async fn list(&self, owner: UserId, page: PageRequest) -> Result<Page<Image>, StoreError> {
        let matches = |image: &Image| image.owner_id == owner;
        Ok(page_of(self.state().images.iter(), page, matches, |image| {
            image.id.0
        }))
    }

    async fn fits_quota(
        &self,
        owner: UserId,
        size_bytes: u64,
        quota: StorageQuota,
    ) -> Result<bool, StoreError> {
        self.state().fits_quota(owner, size_bytes, quota)
    }

    async fn existing(&self, ids: &[ImageId]) -> Result<Vec<ImageId>, StoreError> {
        let state = self.state();
        let existing = ids.iter().filter(|id| state.images.contains_key(&id.0));
        Ok(existing.copied().collect())
    }

    async fn ids_after(&self, after: Option<ImageId>, limit: u64) -> Result<Vec<ImageId>, StoreError> {
        let state = self.state();
        let ids = state.images.keys().map(|id| ImageId(*id));
        let ids = ids.filter(|id| after.is_none_or(|after| *id > after));
        Ok(ids.take(usize::try_from(limit).unwrap_or(usize::MAX)).collect())
    }
}

#[async_trait]
impl ImageRepository for Repositories {
    async fn insert(&self, image: &Image, quota: StorageQuota) -> Result<bool, StoreError> {
        let mut state = self.state();
        let fits = state.fits_quota(image.owner_id, image.size_bytes, quota)?;
        if fits {
            state.images.insert(image.id.0, image.clone());
        }
        Ok(fits)
    }

    async fn delete(&self, owner: UserId, id: ImageId) -> Result<bool, StoreError> {
        Ok(self
            .state()
            .delete_images(|image| image.owner_id == owner && image.id == id))
    }
}

#[async_trait]
impl BlobDeletionReader for Repositories {
    async fn due(&self, now: Timestamp, limit: u64) -> Result<Vec<BlobKey>, StoreError> {
        let state = self.state();
        let mut due: Vec<_> = state
            .blob_deletions
            .iter()
            .filter(|(_, due_at)| **due_at <= now)
            .collect();
        due.sort_by_key(|(_, due_at)| **due_at);
        let keys = due.into_iter().map(|(key, _)| BlobKey::from_stored(key.clone()));
        Ok(keys.take(usize::try_from(limit).unwrap_or(usize::MAX)).collect())
    }

    async fn scheduled(&self, keys: &[BlobKey]) -> Result<Vec<BlobKey>, StoreError> {
        let state = self.state();
        let scheduled = keys
            .iter()
            .filter(|key| state.blob_deletions.contains_key(key.as_str()));
        Ok(scheduled.cloned().collect())
    }
}

#[async_trait]
impl BlobDeletionRepository for Repositories {
    async fn schedule(&self, key: &BlobKey, due_at: Timestamp) -> Result<(), StoreError> {
        self.state()
            .blob_deletions
            .insert(key.as_str().to_owned(), due_at);
        Ok(())
    }

    async fn schedule_owned_by(&self, owner: UserId, due_at: Timestamp) -> Result<(), StoreError> {
        let mut state = self.state();
        let State {
            images,
            blob_deletions,
            ..
        } = &mut *state;
        for image in images.values().filter(|image| image.owner_id == owner) {
            blob_deletions.insert(image.blob_key().as_str().to_owned(), due_at);
        }
        Ok(())
    }

    async fn cancel(&self, key: &BlobKey, now: Timestamp) -> Result<bool, StoreError> {
        let mut state = self.state();
        let pending = state
            .blob_deletions
            .get(key.as_str())
            .is_some_and(|due_at| *due_at > now);
        Ok(pending && state.blob_deletions.remove(key.as_str()).is_some())
    }

    async fn remove(&self, key: &BlobKey) -> Result<(), StoreError> {
        self.state().blob_deletions.remove(key.as_str());
        Ok(())
    }
}

#[async_trait]
impl TextReader for Repositories {
    async fn find(&self, image: ImageId, languages: &LanguageSet) -> Result<Option<Text>, StoreError> {
        let state = self.state();
        let mut texts = state.texts.iter();
        Ok(texts
            .find(|text| text.image_id == image && text.languages == *languages)
            .cloned())
    }
}

#[async_trait]
impl TextRepository for Repositories {
    async fn insert(&self, text: &Text) -> Result<(), StoreError> {
        let mut state = self.state();
        if !state.images.contains_key(&text.image_id.0) {
            return Err(StoreError::OwnerDeleted);
        }
        let same = |other: &Text| other.image_id == text.image_id && other.languages == text.languages;
        if state.texts.iter().any(same) {
            return Err(StoreError::Conflict(Conflict::Text));
        }
        state.texts.push(text.clone());
        Ok(())
    }
}
