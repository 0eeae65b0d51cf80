//! Looking at one image's record.

use crate::Error;
use domain::{
    ids::{ImageId, UserId},
    images::Image,
    store::Store,
};
use std::sync::Arc;

/// Finds a user's image.
pub struct GetImage {
    /// Where images are kept.
    pub store: Arc<dyn Store>,
}

impl GetImage {
    /// The owner's image; [`Error::NotFound`] when there is none or it is somebody else's.
    pub async fn execute(&self, owner: UserId, id: ImageId) -> Result<Image, Error> {
        self.store
            .read()
            .images()
            .find(owner, id)
            .await?
            .ok_or(Error::NotFound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;
    use crate::fixtures;
    use domain::store::test_support::{MockRepositories, MockStore};

    async fn get(owner: UserId) -> Result<Image, Error> {
        let mut reads = MockRepositories::default();
        reads.images.expect_find().returning(|owner, id| {
            let known = (owner, id) == (fixtures::owner(), fixtures::image_id());
            Ok(known.then(fixtures::image))
        });
        GetImage {
            store: Arc::new(MockStore::reading(reads)),
        }
        .execute(owner, fixtures::image_id())
        .await
    }

    #[tokio::test]
    async fn the_owner_finds_the_image() {
        assert_eq!(get(fixtures::owner()).await.expect("found"), fixtures::image());
    }

    #[tokio::test]
    async fn to_anybody_else_it_is_not_there() {
        let other = UserId(uuid::Uuid::from_u128(2));
        assert_eq!(get(other).await.expect_err("hidden").code(), ErrorCode::NotFound);
    }
}
