//! Listing API keys.

use crate::Error;
use domain::{
    accounts::ApiKey,
    ids::UserId,
    page::{Page, PageRequest},
    store::Store,
};
use std::sync::Arc;

/// Lists a user's keys.
pub struct ListApiKeys {
    /// Where keys are kept.
    pub store: Arc<dyn Store>,
}

impl ListApiKeys {
    /// A page, newest first, without the secrets.
    pub async fn execute(&self, user: UserId, page: PageRequest) -> Result<Page<ApiKey>, Error> {
        Ok(self.store.read().api_keys().list(user, page).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use domain::store::test_support::{MockRepositories, MockStore};

    #[tokio::test]
    async fn only_the_users_keys_are_asked_for() {
        let mut reads = MockRepositories::default();
        reads
            .api_keys
            .expect_list()
            .withf(|user, page| *user == fixtures::owner() && *page == PageRequest::default())
            .returning(|_, _| {
                Ok(Page {
                    items: vec![fixtures::api_key()],
                    next: None,
                })
            });
        let list = ListApiKeys {
            store: Arc::new(MockStore::reading(reads)),
        };
        let page = list.execute(fixtures::owner(), PageRequest::default()).await;
        assert_eq!(page.expect("a page").items, [fixtures::api_key()]);
    }
}
