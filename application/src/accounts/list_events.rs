//! Listing what happened to an account.

use crate::Error;
use domain::{
    accounts::SecurityEvent,
    ids::UserId,
    page::{Page, PageRequest},
    store::Store,
};
use std::sync::Arc;

/// Lists the events of a user's account.
pub struct ListEvents {
    /// Where events are kept.
    pub store: Arc<dyn Store>,
}

impl ListEvents {
    /// A page, newest first.
    pub async fn execute(&self, user: UserId, page: PageRequest) -> Result<Page<SecurityEvent>, Error> {
        Ok(self.store.read().events().list(user, page).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use domain::store::test_support::{MockRepositories, MockStore};

    #[tokio::test]
    async fn only_the_users_events_are_asked_for() {
        let mut reads = MockRepositories::default();
        reads
            .events
            .expect_list()
            .withf(|user, page| *user == fixtures::owner() && *page == PageRequest::default())
            .times(1)
            .returning(|_, _| {
                Ok(Page {
                    items: vec![],
                    next: None,
                })
            });
        let list = ListEvents {
            store: Arc::new(MockStore::reading(reads)),
        };
        let page = list.execute(fixtures::owner(), PageRequest::default()).await;
        assert_eq!(page.expect("a page").items, []);
    }
}
