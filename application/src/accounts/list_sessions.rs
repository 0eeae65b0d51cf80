//! Listing logins.

use crate::Error;
use domain::{
    accounts::Session,
    clock::Clock,
    ids::UserId,
    page::{Page, PageRequest},
    store::Store,
};
use std::sync::Arc;

/// Lists a user's sessions.
pub struct ListSessions {
    /// Where sessions are kept.
    pub store: Arc<dyn Store>,
    /// Which have ended.
    pub clock: Arc<dyn Clock>,
}

impl ListSessions {
    /// A page of the sessions that have not ended, newest first.
    pub async fn execute(&self, user: UserId, page: PageRequest) -> Result<Page<Session>, Error> {
        Ok(self
            .store
            .read()
            .sessions()
            .list(user, self.clock.now(), page)
            .await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use domain::store::test_support::{MockRepositories, MockStore};

    #[tokio::test]
    async fn only_living_sessions_of_the_user_are_asked_for() {
        let mut reads = MockRepositories::default();
        reads
            .sessions
            .expect_list()
            .withf(|user, now, page| {
                *user == fixtures::owner() && *now == fixtures::now() && *page == PageRequest::default()
            })
            .returning(|_, _, _| {
                Ok(Page {
                    items: vec![fixtures::session()],
                    next: None,
                })
            });
        let list = ListSessions {
            store: Arc::new(MockStore::reading(reads)),
            clock: fixtures::clock(),
        };
        let page = list.execute(fixtures::owner(), PageRequest::default()).await;
        assert_eq!(page.expect("a page").items, [fixtures::session()]);
    }
}
