//! Logging out.

use super::EventLog;
use crate::Error;
use domain::{
    accounts::{EventKind, Origin, PresentedToken, RefreshToken},
    clock::Clock,
    store::Store,
};
use std::sync::Arc;

/// Ends the session that a refresh token belongs to.
pub struct LogOut {
    /// Where sessions are kept.
    pub store: Arc<dyn Store>,
    /// What has ended.
    pub clock: Arc<dyn Clock>,
    /// Where it is written down.
    pub events: Arc<EventLog>,
}

impl LogOut {
    /// Afterwards no session lives on the token; one that is unknown or has ended needs nothing done (RFC 7009, 2.2).
    pub async fn execute(&self, token: &RefreshToken, origin: Origin) -> Result<(), Error> {
        let unit = self.store.begin().await?;
        let now = self.clock.now();
        let session = match unit.sessions().lock_presented(&token.digest(), now).await? {
            None => return Ok(()),
            Some(
                PresentedToken::Current(session)
                | PresentedToken::Previous(session, _)
                | PresentedToken::Older(session),
            ) => session,
        };
        unit.sessions().delete(session.user_id, session.id).await?;
        self.events
            .record(&*unit, session.user_id, EventKind::LoggedOut, origin)
            .await?;
        unit.commit().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use domain::store::test_support::{MockRepositories, MockStore};

    async fn log_out(work: MockRepositories) -> usize {
        let store = Arc::new(MockStore::default().then_work(work));
        let log_out = LogOut {
            store: store.clone(),
            clock: fixtures::clock(),
            events: fixtures::event_log(),
        };
        let token = RefreshToken::new("presented".to_owned().into());
        log_out
            .execute(&token, fixtures::origin())
            .await
            .expect("logged out");
        store.commits()
    }

    #[tokio::test]
    async fn whichever_of_its_tokens_is_shown_the_session_ends() {
        for presented in [
            PresentedToken::Current(fixtures::session()),
            PresentedToken::Previous(fixtures::session(), fixtures::now()),
            PresentedToken::Older(fixtures::session()),
        ] {
            let mut work = MockRepositories::default();
            work.sessions
                .expect_lock_presented()
                .return_once(move |_, _| Ok(Some(presented)));
            work.sessions
                .expect_delete()
                .withf(|user, id| *user == fixtures::owner() && *id == fixtures::session().id)
                .times(1)
                .returning(|_, _| Ok(true));
            assert_eq!(log_out(fixtures::recording(work, EventKind::LoggedOut)).await, 1);
        }
    }

    #[tokio::test]
    async fn a_token_without_a_session_needs_nothing_done() {
        let mut work = MockRepositories::default();
        work.sessions.expect_lock_presented().returning(|_, _| Ok(None));
        assert_eq!(log_out(work).await, 0);
    }
}
