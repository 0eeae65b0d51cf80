//! Letting a user in who has shown who he is, by whatever means.

use super::{EventLog, SessionTokens, Tokens};
use crate::Error;
use domain::{
    accounts::{EventKind, Network, Origin, User},
    store::Store,
};
use std::sync::Arc;

/// Opens a session.
pub struct OpenSession {
    /// Where sessions are kept.
    pub store: Arc<dyn Store>,
    /// Makes the session.
    pub tokens: Arc<SessionTokens>,
    /// Whether the address must be the user's own beyond doubt.
    pub require_verified_email: bool,
    /// Where it is written down.
    pub events: Arc<EventLog>,
}

impl OpenSession {
    /// Tokens of a new session; [`Error::InvalidCredentials`] when the user is disabled, or gone meanwhile,
    /// [`Error::EmailNotVerified`] where that is required.
    pub(crate) async fn execute(&self, user: &User, origin: Origin) -> Result<Tokens, Error> {
        let (session, tokens) = self.tokens.open(user.id, origin.clone())?;
        let unit = self.store.begin().await?;
        // Locked, so that no session is added to those that are ended where the user is disabled just now.
        let user = unit
            .users()
            .lock(user.id)
            .await?
            .ok_or(Error::InvalidCredentials)?;
        if let Err(refusal) = self.admit(&user) {
            let failed = EventKind::LoginFailed;
            self.events.record(&*unit, user.id, failed, origin).await?;
            unit.commit().await?;
            return Err(refusal);
        }
        unit.sessions().insert(&session).await?;
        let network = Network::from(&origin);
        unit.rate_limits()
            .record_login(user.id, network, session.created_at)
            .await?;
        self.events
            .record(&*unit, user.id, EventKind::LoggedIn, origin)
            .await?;
        unit.commit().await?;
        Ok(tokens)
    }

    fn admit(&self, user: &User) -> Result<(), Error> {
        if user.disabled_at.is_some() {
            return Err(Error::InvalidCredentials);
        }
        if self.require_verified_email && !user.email_verified {
            return Err(Error::EmailNotVerified);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;
    use crate::fixtures;
    use domain::store::test_support::{MockRepositories, MockStore};

    /// Lets Ada in where this is found of her; verified e-mails are demanded if `required`.
    async fn open(
        required: bool,
        found: Option<User>,
        mut work: MockRepositories,
    ) -> (Result<(), ErrorCode>, usize) {
        work.users.expect_lock().returning(move |_| Ok(found.clone()));
        let store = Arc::new(MockStore::default().then_work(work));
        let open = OpenSession {
            store: store.clone(),
            tokens: fixtures::session_tokens(),
            require_verified_email: required,
            events: fixtures::event_log(),
        };
        let opened = open.execute(&fixtures::ada(), fixtures::origin()).await;
        (opened.map(drop).map_err(|error| error.code()), store.commits())
    }

    fn letting_in() -> MockRepositories {
        let mut work = MockRepositories::default();
        work.sessions
            .expect_insert()
            .withf(|session| session.user_id == fixtures::ada().id && session.origin == fixtures::origin())
            .times(1)
            .returning(|_| Ok(()));
        work.rate_limits
            .expect_record_login()
            .withf(|user, network, now| {
                let here = Network::from(&fixtures::origin());
                (*user, *network, *now) == (fixtures::ada().id, here, fixtures::now())
            })
            .times(1)
            .returning(|_, _, _| Ok(()));
        fixtures::recording(work, EventKind::LoggedIn)
    }

    fn refusing() -> MockRepositories {
        fixtures::recording(MockRepositories::default(), EventKind::LoginFailed)
    }

    #[tokio::test]
    async fn a_session_its_network_and_its_event_are_written_in_one_commit() {
        let opened = open(false, Some(fixtures::ada()), letting_in()).await;
        assert_eq!(opened, (Ok(()), 1));
    }

    #[tokio::test]
    async fn a_user_who_is_disabled_is_refused_and_the_attempt_is_written_down() {
        let disabled = User {
            disabled_at: Some(fixtures::now()),
            email_verified: false,
            ..fixtures::ada()
        };
        for required in [false, true] {
            let opened = open(required, Some(disabled.clone()), refusing()).await;
            assert_eq!(opened, (Err(ErrorCode::InvalidCredentials), 1));
        }
    }

    #[tokio::test]
    async fn a_user_who_is_deleted_while_logging_in_is_refused() {
        let opened = open(false, None, MockRepositories::default()).await;
        assert_eq!(opened, (Err(ErrorCode::InvalidCredentials), 0));
    }

    #[tokio::test]
    async fn an_address_must_be_verified_only_where_that_is_required() {
        let unverified = User {
            email_verified: false,
            ..fixtures::ada()
        };
        let opened = open(true, Some(unverified.clone()), refusing()).await;
        assert_eq!(opened, (Err(ErrorCode::EmailNotVerified), 1));
        let opened = open(true, Some(fixtures::ada()), letting_in()).await;
        assert_eq!(opened, (Ok(()), 1));
        let opened = open(false, Some(unverified), letting_in()).await;
        assert_eq!(opened, (Ok(()), 1));
    }
}
