//! Withdrawing an API key.

use super::EventLog;
use crate::Error;
use domain::{
    accounts::{EventKind, Origin},
    ids::{ApiKeyId, UserId},
    store::Store,
};
use std::sync::Arc;

/// Withdraws one of a user's keys: it counts no more.
pub struct DeleteApiKey {
    /// Where keys are kept.
    pub store: Arc<dyn Store>,
    /// Where it is written down.
    pub events: Arc<EventLog>,
}

impl DeleteApiKey {
    /// [`Error::NotFound`] when the user has no such key.
    pub async fn execute(&self, user: UserId, id: ApiKeyId, origin: Origin) -> Result<(), Error> {
        let unit = self.store.begin().await?;
        if !unit.api_keys().delete(user, id).await? {
            return Err(Error::NotFound);
        }
        self.events
            .record(&*unit, user, EventKind::ApiKeyDeleted, origin)
            .await?;
        unit.commit().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;
    use crate::fixtures;
    use domain::store::test_support::{MockRepositories, MockStore};

    #[tokio::test]
    async fn a_key_is_withdrawn_if_it_is_the_users_own() {
        for (found, expected) in [(true, Ok(())), (false, Err(ErrorCode::NotFound))] {
            let mut work = MockRepositories::default();
            work.api_keys
                .expect_delete()
                .withf(|user, id| *user == fixtures::owner() && *id == fixtures::api_key().id)
                .returning(move |_, _| Ok(found));
            if found {
                work = fixtures::recording(work, EventKind::ApiKeyDeleted);
            }
            let store = Arc::new(MockStore::default().then_work(work));
            let delete = DeleteApiKey {
                store: store.clone(),
                events: fixtures::event_log(),
            };
            let outcome = delete.execute(fixtures::owner(), fixtures::api_key().id, fixtures::origin());
            assert_eq!(outcome.await.map_err(|error| error.code()), expected);
            assert_eq!(store.commits(), usize::from(found));
        }
    }
}
