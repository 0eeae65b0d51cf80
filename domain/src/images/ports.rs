//! What the images need from outside.

use super::{BlobKey, ByteSource, ContentMeter, Filename, Image, MediaType, SourceError, StorageQuota};
use crate::{
    BoxError,
    clock::Timestamp,
    ids::{ImageId, UserId},
    page::{Page, PageRequest},
    store::StoreError,
};
use async_trait::async_trait;
use std::time::Duration;

/// Stored images. Every read and removal names the owner: somebody else's image is as absent as one that never was.
#[async_trait]
pub trait ImageReader: Send + Sync {
    /// The owner's image; `None` when there is none.
    async fn find(&self, owner: UserId, id: ImageId) -> Result<Option<Image>, StoreError>;
    /// A page of the owner's images, newest first.
    async fn list(&self, owner: UserId, page: PageRequest) -> Result<Page<Image>, StoreError>;
    /// Whether the owner may add an image of `size_bytes`, by what is stored now.
    async fn fits_quota(
        &self,
        owner: UserId,
        size_bytes: u64,
        quota: StorageQuota,
    ) -> Result<bool, StoreError>;
    /// Those of these images that there are, whoever owns them, in no order. At most 1000 are asked for at once.
    async fn existing(&self, ids: &[ImageId]) -> Result<Vec<ImageId>, StoreError>;
    /// At most `limit` images of everybody that come after this one, in the order of their ids.
    async fn ids_after(&self, after: Option<ImageId>, limit: u64) -> Result<Vec<ImageId>, StoreError>;
}

/// [`ImageReader`] and the changes, which only a [`Transaction`](crate::store::Transaction) can make.
#[async_trait]
pub trait ImageRepository: ImageReader {
    /// Adds an image and counts it against the owner's quota; false, and nothing is added, when that would exceed it.
    /// [`StoreError::OwnerDeleted`] when the owner is gone.
    async fn insert(&self, image: &Image, quota: StorageQuota) -> Result<bool, StoreError>;
    /// Removes the owner's image and what was read from it; false when there is none.
    async fn delete(&self, owner: UserId, id: ImageId) -> Result<bool, StoreError>;
}

/// Blobs that are to be deleted, each from a given moment on. A row here is written in the commit that makes its blob
/// useless, and before a blob is written, so that a process that dies at any moment leaves no blob behind for good.
#[async_trait]
pub trait BlobDeletionReader: Send + Sync {
    /// At most `limit` blobs whose moment has come at `now`, the longest due first.
    async fn due(&self, now: Timestamp, limit: u64) -> Result<Vec<BlobKey>, StoreError>;
    /// Those of these blobs that are scheduled, due or not, in no order. At most 1000 are asked for at once.
    async fn scheduled(&self, keys: &[BlobKey]) -> Result<Vec<BlobKey>, StoreError>;
}

/// [`BlobDeletionReader`] and the changes, which only a [`Transaction`](crate::store::Transaction) can make.
#[async_trait]
pub trait BlobDeletionRepository: BlobDeletionReader {
    /// Schedules a blob, or gives it another moment.
    async fn schedule(&self, key: &BlobKey, due_at: Timestamp) -> Result<(), StoreError>;
    /// Schedules the blobs of every image of an owner.
    async fn schedule_owned_by(&self, owner: UserId, due_at: Timestamp) -> Result<(), StoreError>;
    /// Keeps a blob after all; false when its moment has come at `now`, for then it may be gone already.
    async fn cancel(&self, key: &BlobKey, now: Timestamp) -> Result<bool, StoreError>;
    /// Forgets a blob that was deleted.
    async fn remove(&self, key: &BlobKey) -> Result<(), StoreError>;
}

/// Why a blob could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The bytes to write stopped coming.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The store is down or full.
    #[error("the blob store is unavailable")]
    Unavailable(#[source] BoxError),
}

/// What a client is told about bytes that it fetches from the store itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectMetadata {
    /// What the bytes are.
    pub media_type: MediaType,
    /// What the file is called.
    pub filename: Filename,
}

/// Bytes under keys.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait BlobStore: Send + Sync {
    /// Writes everything the meter passes on. The blob is there whole and durable afterwards, or, after an error, not
    /// at all.
    async fn write(&self, key: &BlobKey, content: &mut ContentMeter) -> Result<(), BlobError>;
    /// The bytes, read only as they are asked for; `None` when there are none.
    async fn read(&self, key: &BlobKey) -> Result<Option<Box<dyn ByteSource>>, BlobError>;
    /// A URL from which anybody who has it can fetch the bytes, labelled so, for this time and no longer; `None` where
    /// the store gives none. Does not look whether there are bytes.
    async fn link(
        &self,
        key: &BlobKey,
        label: &ObjectMetadata,
        valid_for: Duration,
    ) -> Result<Option<String>, BlobError>;
    /// Deletes; a blob that is not there is deleted already.
    async fn delete(&self, key: &BlobKey) -> Result<(), BlobError>;
    /// The keys of all blobs that are there from beginning to end.
    async fn list(&self) -> Result<Box<dyn BlobListing>, BlobError>;
}

/// Keys, read only as they are asked for.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait BlobListing: Send {
    /// At most 1000 further keys, in no order; `None` after the last.
    async fn next_page(&mut self) -> Result<Option<Vec<BlobKey>>, BlobError>;
}

/// What a decoder found an image to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageFacts {
    /// Pixels of the first page as a person sees it, orientation applied.
    pub width: u32,
    /// Pixels of the first page as a person sees it, orientation applied.
    pub height: u32,
    /// How many pages there are, at least 1.
    pub pages: u32,
}

/// Why an image could not be decoded.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The bytes are damaged, cut off, or use a feature that is not supported.
    #[error("the image is corrupt")]
    Corrupt,
    /// A page has no pixels, or more than allowed, or would take too much memory.
    #[error("the image has too many pixels")]
    Dimensions {
        /// The most pixels of a page.
        max_pixels: u64,
    },
    /// There are more pages than allowed.
    #[error("more than {limit} pages")]
    TooManyPages {
        /// The most pages.
        limit: u32,
    },
    /// The bytes could not be read, or the decoder broke down.
    #[error("the image could not be inspected")]
    Unavailable(#[source] BoxError),
}

/// Decodes images under limits of pixels, pages and memory.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait ImageInspector: Send + Sync {
    /// Decodes every page, so that what passes can be read later. The bytes are asked for only when it is their turn.
    async fn inspect(
        &self,
        media_type: MediaType,
        content: Box<dyn ByteSource>,
    ) -> Result<ImageFacts, ImageError>;
}
