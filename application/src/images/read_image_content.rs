//! Fetching the bytes of an image.

use crate::Error;
use domain::{
    BoxError,
    ids::{ImageId, UserId},
    images::{BlobLabel, BlobStore, ByteSource, Image},
    store::Store,
};
use std::{sync::Arc, time::Duration};

/// How long a link to the blob store counts.
pub const LINK_LIFETIME: Duration = Duration::from_mins(5);

/// An image with its bytes.
pub struct ImageContent {
    /// What is known of the image.
    pub image: Image,
    /// The bytes, or where they are.
    pub content: Delivery,
}

/// How bytes come to whoever asks for them.
pub enum Delivery {
    /// As they were uploaded, read only as they are asked for.
    Bytes(Box<dyn ByteSource>),
    /// From the blob store itself: a URL that gives them to anybody, for [`LINK_LIFETIME`].
    Link(String),
}

/// Opens the bytes of a user's image.
pub struct ReadImageContent {
    /// Where images are kept.
    pub store: Arc<dyn Store>,
    /// Where their bytes are kept.
    pub blobs: Arc<dyn BlobStore>,
}

impl ReadImageContent {
    /// The image and its bytes, by a link where one is wished for and the blob store gives links; [`Error::NotFound`]
    /// when there is no such image or it is somebody else's.
    pub async fn execute(&self, owner: UserId, id: ImageId, by_link: bool) -> Result<ImageContent, Error> {
        let image = self
            .store
            .read()
            .images()
            .find(owner, id)
            .await?
            .ok_or(Error::NotFound)?;
        let link = if by_link { self.link(&image).await? } else { None };
        let content = match link {
            Some(url) => Delivery::Link(url),
            None => Delivery::Bytes(open_content(&*self.store, &*self.blobs, &image).await?),
        };
        Ok(ImageContent { image, content })
    }

    async fn link(&self, image: &Image) -> Result<Option<String>, Error> {
        let label = BlobLabel {
            media_type: image.media_type,
            filename: image.filename.clone(),
        };
        Ok(self.blobs.link(&image.blob_key(), &label, LINK_LIFETIME).await?)
    }
}

/// The bytes of an image that was found; [`Error::NotFound`] when it is deleted meanwhile.
pub(crate) async fn open_content(
    store: &dyn Store,
    blobs: &dyn BlobStore,
    image: &Image,
) -> Result<Box<dyn ByteSource>, Error> {
    match blobs.read(&image.blob_key()).await? {
        Some(content) => Ok(content),
        // The image may have been deleted since it was found; else its blob is lost.
        None if store
            .read()
            .images()
            .find(image.owner_id, image.id)
            .await?
            .is_none() =>
        {
            Err(Error::NotFound)
        }
        None => Err(Error::Internal(BoxError::from(format!(
            "the blob of image {} is missing",
            image.id
        )))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;
    use crate::fixtures::{self, PNG_START};
    use domain::{
        images::{MockBlobStore, test_support::ChunkSource},
        store::test_support::{MockRepositories, MockStore},
    };
    use std::sync::Mutex;

    async fn read(found: Vec<Option<Image>>, blob: bool) -> Result<ImageContent, Error> {
        let found = Mutex::new(found.into_iter());
        let mut reads = MockRepositories::default();
        reads
            .images
            .expect_find()
            .returning(move |_, _| Ok(found.lock().expect("unpoisoned").next().expect("one more read")));
        let mut blobs = MockBlobStore::new();
        blobs
            .expect_read()
            .withf(|key| *key == fixtures::image().blob_key())
            .returning(move |_| {
                Ok(if blob {
                    Some(Box::new(ChunkSource::new([PNG_START])))
                } else {
                    None
                })
            });
        let use_case = ReadImageContent {
            store: Arc::new(MockStore::reading(reads)),
            blobs: Arc::new(blobs),
        };
        use_case
            .execute(fixtures::owner(), fixtures::image_id(), false)
            .await
    }

    async fn by_link(found: Option<Image>, link: Option<&'static str>) -> Result<ImageContent, Error> {
        let mut reads = MockRepositories::default();
        reads
            .images
            .expect_find()
            .returning(move |_, _| Ok(found.clone()));
        let mut blobs = MockBlobStore::new();
        blobs
            .expect_link()
            .withf(|key, label, valid_for| {
                let image = fixtures::image();
                *key == image.blob_key()
                    && label.media_type == image.media_type
                    && label.filename == image.filename
                    && *valid_for == LINK_LIFETIME
            })
            .returning(move |_, _, _| Ok(link.map(str::to_owned)));
        blobs
            .expect_read()
            .returning(|_| Ok(Some(Box::new(ChunkSource::new([PNG_START])))));
        let use_case = ReadImageContent {
            store: Arc::new(MockStore::reading(reads)),
            blobs: Arc::new(blobs),
        };
        use_case
            .execute(fixtures::owner(), fixtures::image_id(), true)
            .await
    }

    #[tokio::test]
    async fn a_wished_for_link_comes_instead_of_the_bytes() {
        let content = by_link(Some(fixtures::image()), Some("https://there")).await;
        let content = content.expect("found").content;
        assert!(matches!(content, Delivery::Link(url) if url == "https://there"));
    }

    #[tokio::test]
    async fn where_the_store_gives_no_links_the_bytes_come() {
        let content = by_link(Some(fixtures::image()), None).await;
        assert!(matches!(content.expect("found").content, Delivery::Bytes(_)));
    }

    #[tokio::test]
    async fn nobody_gets_a_link_to_what_is_not_theirs() {
        let content = by_link(None, Some("https://there")).await;
        assert_eq!(content.err().expect("absent").code(), ErrorCode::NotFound);
    }

    #[tokio::test]
    async fn the_bytes_come_with_the_image() {
        let content = read(vec![Some(fixtures::image())], true).await.expect("found");
        assert_eq!(content.image, fixtures::image());
        let Delivery::Bytes(mut content) = content.content else {
            panic!("a link that nobody wished for");
        };
        let chunk = content.next_chunk().await.expect("readable");
        assert_eq!(chunk.as_deref(), Some(PNG_START));
    }

    #[tokio::test]
    async fn an_absent_image_has_no_bytes() {
        assert_eq!(
            read(vec![None], true).await.err().expect("absent").code(),
            ErrorCode::NotFound
        );
    }

    #[tokio::test]
    async fn an_image_that_is_deleted_between_the_reads_is_absent() {
        assert_eq!(
            read(vec![Some(fixtures::image()), None], false)
                .await
                .err()
                .expect("gone")
                .code(),
            ErrorCode::NotFound
        );
    }

    #[tokio::test]
    async fn a_lost_blob_is_a_defect_and_not_an_absence() {
        let found = vec![Some(fixtures::image()), Some(fixtures::image())];
        assert_eq!(
            read(found, false).await.err().expect("lost").code(),
            ErrorCode::Internal
        );
    }
}
