//! Ending a login from elsewhere.

use super::EventLog;
use crate::Error;
use domain::{
    accounts::{EventKind, Origin},
    ids::{SessionId, UserId},
    store::Store,
};
use std::sync::Arc;

/// Ends one of a user's sessions: its refresh token and its access tokens count no more.
pub struct EndSession {
    /// Where sessions are kept.
    pub store: Arc<dyn Store>,
    /// Where it is written down.
    pub events: Arc<EventLog>,
}

impl EndSession {
    /// [`Error::NotFound`] when the user has no such session.
    pub async fn execute(&self, user: UserId, id: SessionId, origin: Origin) -> Result<(), Error> {
        let unit = self.store.begin().await?;
        if !unit.sessions().delete(user, id).await? {
            return Err(Error::NotFound);
        }
        self.events
            .record(&*unit, user, EventKind::SessionEnded, origin)
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
    async fn a_session_ends_if_it_is_the_users_own() {
        for (found, expected) in [(true, Ok(())), (false, Err(ErrorCode::NotFound))] {
            let mut work = MockRepositories::default();
            work.sessions
                .expect_delete()
                .withf(|user, id| *user == fixtures::owner() && *id == fixtures::session().id)
                .returning(move |_, _| Ok(found));
            if found {
                work = fixtures::recording(work, EventKind::SessionEnded);
            }
            let store = Arc::new(MockStore::default().then_work(work));
            let end = EndSession {
                store: store.clone(),
                events: fixtures::event_log(),
            };
            let outcome = end.execute(fixtures::owner(), fixtures::session().id, fixtures::origin());
            assert_eq!(outcome.await.map_err(|error| error.code()), expected);
            assert_eq!(store.commits(), usize::from(found));
        }
    }
}
