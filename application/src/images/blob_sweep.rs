//! Deletes blobs that are due, and compares the blobs with the rows.

use crate::{Context, Error};
use domain::{
    ids::ImageId,
    images::{BlobKey, BlobStore},
};
use std::{collections::HashSet, sync::Arc};

/// How many due blobs one query returns.
const DUE_BATCH: u64 = 100;
/// How many image ids one query returns.
const ID_BATCH: u64 = 1000;

/// Keeps the blob store consistent with the database.
pub struct BlobSweep {
    context: Context,
    blobs: Arc<dyn BlobStore>,
}

/// The result of a comparison of blobs and rows.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Reconciliation {
    /// The number of blobs of images.
    pub blobs: u64,
    /// How many of them have no image.
    pub orphans: u64,
    /// The images without a blob, in the order of their uploads.
    pub lost: Vec<ImageId>,
}

impl BlobSweep {
    /// Creates the service.
    pub fn new(context: Context, blobs: Arc<dyn BlobStore>) -> Self {
        Self { context, blobs }
    }

    /// Deletes the blobs of deleted images, deleted users and unfinished uploads, and returns their number.
    ///
    /// It may run concurrently and again after a crash. It stops at the first blob that cannot be deleted.
    pub async fn delete_due(&self) -> Result<u64, Error> {
        let mut deleted = 0;
        loop {
            let now = self.context.now();
            let due = self.context.read().blob_deletions().due(now, DUE_BATCH).await?;
            if due.is_empty() {
                return Ok(deleted);
            }
            for key in &due {
                self.blobs.delete(key).await?;
                self.context
                    .transact(|tx| {
                        Box::pin(async move { Ok::<_, Error>(tx.blob_deletions().remove(key).await?) })
                    })
                    .await?;
                deleted += 1;
            }
        }
    }

    /// Finds blobs without an image, schedules them for deletion unless `dry_run` is set, and finds images without a blob.
    ///
    /// They differ after a restored backup or a change to the bucket from outside. It may run while the service does, and
    /// holds the id of every image in memory, about 30 bytes each.
    pub async fn reconcile(&self, dry_run: bool) -> Result<Reconciliation, Error> {
        let mut found = Reconciliation::default();
        let mut complete = HashSet::new();
        let mut listing = self.blobs.list().await?;
        while let Some(page) = listing.next_page().await? {
            // Keys that are not of images belong to other programs.
            let images: Vec<_> = page.iter().filter_map(BlobKey::image).collect();
            found.blobs += images.len() as u64;
            let orphans = self.orphans(&images).await?;
            found.orphans += orphans.len() as u64;
            if !dry_run {
                self.schedule_deletions(&orphans).await?;
            }
            complete.extend(images);
        }
        found.lost = self.lost(&complete).await?;
        Ok(found)
    }

    /// Returns the keys of those images that do not exist and are not scheduled for deletion.
    async fn orphans(&self, images: &[ImageId]) -> Result<Vec<BlobKey>, Error> {
        let keys: Vec<_> = images.iter().copied().map(BlobKey::of_image).collect();
        // An upload is scheduled for deletion until the commit that adds its image. Reading the schedule before the images
        // finds it in one of them.
        let scheduled = self.context.read().blob_deletions().scheduled(&keys).await?;
        let existing = self.context.read().images().existing(images).await?;
        let mut known: HashSet<_> = existing.into_iter().map(BlobKey::of_image).collect();
        known.extend(scheduled);
        Ok(keys.into_iter().filter(|key| !known.contains(key)).collect())
    }

    async fn schedule_deletions(&self, keys: &[BlobKey]) -> Result<(), Error> {
        if keys.is_empty() {
            return Ok(());
        }
        let now = self.context.now();
        self.context
            .transact(|tx| {
                Box::pin(async move {
                    for key in keys {
                        tx.blob_deletions().schedule(key, now).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    async fn lost(&self, complete: &HashSet<ImageId>) -> Result<Vec<ImageId>, Error> {
        let mut lost = Vec::new();
        let mut after = None;
        loop {
            let page = self.context.read().images().ids_after(after, ID_BATCH).await?;
            let Some(newest) = page.last() else {
                return Ok(lost);
            };
            after = Some(*newest);
            for image in page.into_iter().filter(|image| !complete.contains(image)) {
                if self.has_lost_its_blob(image).await? {
                    lost.push(image);
                }
            }
        }
    }

    /// Checks again, because the blob may have been written after the listing, or the image deleted since.
    async fn has_lost_its_blob(&self, image: ImageId) -> Result<bool, Error> {
        let key = BlobKey::of_image(image);
        let absent = self.blobs.read(&key).await?.is_none();
        Ok(absent && !self.context.read().images().existing(&[image]).await?.is_empty())
    }
}

#[cfg(test)]
#[path = "blob_sweep_tests.rs"]
mod tests;
