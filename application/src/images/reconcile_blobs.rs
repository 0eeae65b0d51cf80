//! Comparing the blobs with the rows, after what no commit knows of: a restored backup, a bucket that somebody tidied.

use crate::Error;
use domain::{
    clock::Clock,
    ids::ImageId,
    images::{BlobKey, BlobStore},
    store::Store,
};
use std::{collections::HashSet, sync::Arc};

/// How many rows are looked at by one statement.
const ROUND: u64 = 1000;

/// Finds blobs without an image, which are scheduled for deletion, and images without a blob. It holds the id of every
/// image while it runs, some 30 bytes each.
pub struct ReconcileBlobs {
    /// Where the rows are.
    pub store: Arc<dyn Store>,
    /// Where the blobs are.
    pub blobs: Arc<dyn BlobStore>,
    /// From when on what is left over may go.
    pub clock: Arc<dyn Clock>,
}

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Reconciliation {
    /// How many blobs of images there are.
    pub blobs: u64,
    /// How many of them have no image.
    pub left_over: u64,
    /// The images whose bytes are gone, in the order of their uploads.
    pub lost: Vec<ImageId>,
}

impl ReconcileBlobs {
    /// Compares; where `only_look` is set, nothing is scheduled. May run while the service does.
    pub async fn execute(&self, only_look: bool) -> Result<Reconciliation, Error> {
        let mut found = Reconciliation::default();
        let mut complete = HashSet::new();
        let mut listing = self.blobs.list().await?;
        while let Some(page) = listing.next_page().await? {
            // What is no image's is somebody else's.
            let images: Vec<_> = page.iter().filter_map(BlobKey::image).collect();
            found.blobs += images.len() as u64;
            let left_over = self.left_over(&images).await?;
            found.left_over += left_over.len() as u64;
            if !only_look {
                self.schedule(&left_over).await?;
            }
            complete.extend(images);
        }
        found.lost = self.lost(&complete).await?;
        Ok(found)
    }

    /// Those of the images of blobs that there are not.
    async fn left_over(&self, images: &[ImageId]) -> Result<Vec<BlobKey>, Error> {
        let keys: Vec<_> = images.iter().copied().map(BlobKey::of_image).collect();
        // First what is scheduled, then what exists: an upload is scheduled until the commit that makes it an image, so in
        // this order it is seen as one of both.
        let scheduled = self.store.read().blob_deletions().scheduled(&keys).await?;
        let existing = self.store.read().images().existing(images).await?;
        let mut wanted: HashSet<_> = existing.into_iter().map(BlobKey::of_image).collect();
        wanted.extend(scheduled);
        Ok(keys.into_iter().filter(|key| !wanted.contains(key)).collect())
    }

    async fn schedule(&self, keys: &[BlobKey]) -> Result<(), Error> {
        if keys.is_empty() {
            return Ok(());
        }
        let now = self.clock.now();
        let work = self.store.begin().await?;
        for key in keys {
            work.blob_deletions().schedule(key, now).await?;
        }
        Ok(work.commit().await?)
    }

    async fn lost(&self, complete: &HashSet<ImageId>) -> Result<Vec<ImageId>, Error> {
        let mut lost = Vec::new();
        let mut seen = None;
        loop {
            let page = self.store.read().images().ids_after(seen, ROUND).await?;
            let Some(end) = page.last() else {
                return Ok(lost);
            };
            seen = Some(*end);
            for image in page.into_iter().filter(|image| !complete.contains(image)) {
                if self.has_lost_its_blob(image).await? {
                    lost.push(image);
                }
            }
        }
    }

    /// Asked anew, since it may have come after the listing, or have gone meanwhile.
    async fn has_lost_its_blob(&self, image: ImageId) -> Result<bool, Error> {
        let key = BlobKey::of_image(image);
        let absent = self.blobs.read(&key).await?.is_none();
        Ok(absent && !self.store.read().images().existing(&[image]).await?.is_empty())
    }
}

#[cfg(test)]
#[path = "reconcile_blobs_tests.rs"]
mod tests;
