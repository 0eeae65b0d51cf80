//! Listing users.

use crate::Error;
use domain::{
    accounts::{User, UserSearch},
    page::{Page, PageRequest},
    store::Store,
};
use std::sync::Arc;

/// Lists the users to an admin.
pub struct ListUsers {
    /// Where users are kept.
    pub store: Arc<dyn Store>,
}

impl ListUsers {
    /// A page, newest first, of those that match, or of all.
    pub async fn execute(
        &self,
        matching: Option<UserSearch>,
        page: PageRequest,
    ) -> Result<Page<User>, Error> {
        Ok(self.store.read().users().list(matching, page).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use domain::store::test_support::{MockRepositories, MockStore};

    #[tokio::test]
    async fn the_users_that_match_are_asked_for() {
        let mut reads = MockRepositories::default();
        reads
            .users
            .expect_list()
            .withf(|matching, page| *matching == UserSearch::parse("ada") && *page == PageRequest::default())
            .returning(|_, _| {
                Ok(Page {
                    items: vec![fixtures::ada()],
                    next: None,
                })
            });
        let list = ListUsers {
            store: Arc::new(MockStore::reading(reads)),
        };
        let page = list
            .execute(UserSearch::parse("ada"), PageRequest::default())
            .await;
        assert_eq!(page.expect("a page").items[0].id, fixtures::ada().id);
    }
}
