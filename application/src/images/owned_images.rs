//! Reads and deletes images.

use crate::{Context, Error};
use domain::{
    BoxError,
    ids::{ImageId, UserId},
    images::{BlobKey, BlobStore, ByteSource, Image, ObjectMetadata},
    page::{Page, PageRequest},
    store::Store,
};
use std::{sync::Arc, time::Duration};

/// How long a link to the blob store is valid.
pub const LINK_LIFETIME: Duration = Duration::from_mins(5);

/// An image with its bytes.
pub struct ImageContent {
    /// The image.
    pub image: Image,
    /// The bytes, or a link to them.
    pub content: ContentSource,
}

/// How a client gets the bytes of an image.
pub enum ContentSource {
    /// The uploaded bytes as a stream.
    Stream(Box<dyn ByteSource>),
    /// A URL of the blob store that needs no authentication and is valid for [`LINK_LIFETIME`].
    Link(String),
}

/// The images of users.
pub struct Images {
    context: Context,
    blobs: Arc<dyn BlobStore>,
}

impl Images {
    /// Creates the service.
    pub fn new(context: Context, blobs: Arc<dyn BlobStore>) -> Self {
        Self { context, blobs }
    }

    /// Returns the owner's image; [`Error::NotFound`] if another user owns it or it does not exist.
    pub async fn get(&self, owner: UserId, id: ImageId) -> Result<Image, Error> {
        let found = self.context.read().images().find(owner, id).await?;
        found.ok_or(Error::NotFound)
    }

    /// Returns a page of the owner's images, newest first.
    pub async fn list(&self, owner: UserId, page: PageRequest) -> Result<Page<Image>, Error> {
        Ok(self.context.read().images().list(owner, page).await?)
    }

    /// Deletes the image, its text, its predictions and its bytes, and cancels its tasks.
    ///
    /// One commit deletes the rows and schedules the blob for deletion. [`Error::NotFound`] if another user owns the image
    /// or it does not exist.
    pub async fn delete(&self, owner: UserId, id: ImageId) -> Result<(), Error> {
        let now = self.context.now();
        self.context
            .transact(|tx| {
                Box::pin(async move {
                    tx.predictions().delete_of_image(owner, id).await?;
                    if !tx.images().delete(owner, id).await? {
                        return Err(Error::NotFound);
                    }
                    tx.tasks().cancel_of_image(id, now).await?;
                    tx.blob_deletions().schedule(&BlobKey::of_image(id), now).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Opens the bytes of the owner's image, or links to them if `prefer_link` is set and the blob store can link.
    ///
    /// [`Error::NotFound`] if another user owns the image or it does not exist.
    pub async fn content(
        &self,
        owner: UserId,
        id: ImageId,
        prefer_link: bool,
    ) -> Result<ImageContent, Error> {
        let image = self.get(owner, id).await?;
        let link = if prefer_link {
            self.link(&image).await?
        } else {
            None
        };
        let content = match link {
            Some(url) => ContentSource::Link(url),
            None => ContentSource::Stream(open_content(&*self.context.store, &*self.blobs, &image).await?),
        };
        Ok(ImageContent { image, content })
    }

    async fn link(&self, image: &Image) -> Result<Option<String>, Error> {
        let metadata = ObjectMetadata {
            media_type: image.media_type,
            filename: image.filename.clone(),
        };
        Ok(self
            .blobs
            .link(&image.blob_key(), &metadata, LINK_LIFETIME)
            .await?)
    }
}

/// Opens the bytes of an image that was found; [`Error::NotFound`] if it was deleted since.
pub(crate) async fn open_content(
    store: &dyn Store,
    blobs: &dyn BlobStore,
    image: &Image,
) -> Result<Box<dyn ByteSource>, Error> {
    if let Some(content) = blobs.read(&image.blob_key()).await? {
        return Ok(content);
    }
    let found = store.read().images().find(image.owner_id, image.id).await?;
    Err(match found {
        None => Error::NotFound,
        Some(_) => Error::Internal(BoxError::from(format!(
            "the blob of image {} is missing",
            image.id
        ))),
    })
}

#[cfg(test)]
#[path = "owned_images_tests.rs"]
mod tests;
