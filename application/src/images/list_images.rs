//! Listing images.

use crate::Error;
use domain::{
    ids::UserId,
    images::Image,
    page::{Page, PageRequest},
    store::Store,
};
use std::sync::Arc;

/// Lists a user's images.
pub struct ListImages {
    /// Where images are kept.
    pub store: Arc<dyn Store>,
}

impl ListImages {
    /// A page of the owner's images, newest first.
    pub async fn execute(&self, owner: UserId, page: PageRequest) -> Result<Page<Image>, Error> {
        Ok(self.store.read().images().list(owner, page).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use domain::store::test_support::{MockRepositories, MockStore};

    #[tokio::test]
    async fn only_the_owners_images_are_asked_for() {
        let mut reads = MockRepositories::default();
        reads
            .images
            .expect_list()
            .withf(|owner, page| *owner == fixtures::owner() && *page == PageRequest::default())
            .returning(|_, _| {
                Ok(Page {
                    items: vec![fixtures::image()],
                    next: None,
                })
            });
        let list = ListImages {
            store: Arc::new(MockStore::reading(reads)),
        };
        let page = list
            .execute(fixtures::owner(), PageRequest::default())
            .await
            .expect("a page");
        assert_eq!(page.items, [fixtures::image()]);
    }
}
