//! Shutting an account, and opening it again.

use super::EventLog;
use crate::Error;
use domain::{
    accounts::{CodePurpose, EventKind, User},
    clock::Clock,
    ids::UserId,
    store::Store,
};
use std::sync::Arc;

/// Shuts the account of another user: sessions and mailed codes end, nobody is let in, and API keys do not count until it is
/// opened again.
pub struct SetUserDisabled {
    /// Where users and sessions are kept.
    pub store: Arc<dyn Store>,
    /// Since when it is shut.
    pub clock: Arc<dyn Clock>,
    /// Where it is written down.
    pub events: Arc<EventLog>,
}

impl SetUserDisabled {
    /// The user as he is now, whether or not anything had to be changed. [`Error::OwnAccount`] when the admin means
    /// himself, [`Error::NotFound`] when there is no such user.
    pub async fn execute(&self, admin: UserId, id: UserId, disabled: bool) -> Result<User, Error> {
        if id == admin {
            return Err(Error::OwnAccount);
        }
        let unit = self.store.begin().await?;
        let mut user = unit.users().lock(id).await?.ok_or(Error::NotFound)?;
        if user.disabled_at.is_some() == disabled {
            return Ok(user);
        }
        user.disabled_at = disabled.then(|| self.clock.now());
        unit.users().update(&user).await?;
        if disabled {
            unit.sessions().delete_all(id, None).await?;
            unit.codes().revoke(id, CodePurpose::VerifyEmail).await?;
            unit.codes().revoke(id, CodePurpose::RecoverPassword).await?;
        }
        let kind = if disabled {
            EventKind::Disabled
        } else {
            EventKind::Enabled
        };
        self.events.record_by(&*unit, Some(admin), id, kind).await?;
        unit.commit().await?;
        Ok(user)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;
    use crate::fixtures;
    use domain::{
        clock::Timestamp,
        store::test_support::{MockRepositories, MockStore},
    };

    async fn set(work: MockRepositories, disabled: bool) -> (Result<User, Error>, usize) {
        let store = Arc::new(MockStore::default().then_work(work));
        let outcome = on(&store, fixtures::owner(), disabled).await;
        (outcome, store.commits())
    }

    async fn on(store: &Arc<MockStore>, user: UserId, disabled: bool) -> Result<User, Error> {
        let set = SetUserDisabled {
            store: store.clone(),
            clock: fixtures::clock(),
            events: fixtures::event_log(),
        };
        set.execute(fixtures::admin().id, user, disabled).await
    }

    fn finding(disabled_at: Option<Timestamp>) -> MockRepositories {
        let mut work = MockRepositories::default();
        work.users.expect_lock().returning(move |_| {
            Ok(Some(User {
                disabled_at,
                ..fixtures::ada()
            }))
        });
        work
    }

    #[tokio::test]
    async fn an_account_is_shut_and_its_sessions_and_codes_end_in_one_commit() {
        let mut work = finding(None);
        work.users
            .expect_update()
            .withf(|user| user.disabled_at == Some(fixtures::now()))
            .times(1)
            .returning(|_| Ok(()));
        work.sessions
            .expect_delete_all()
            .withf(|user, except| *user == fixtures::owner() && except.is_none())
            .times(1)
            .returning(|_, _| Ok(2));
        for purpose in [CodePurpose::VerifyEmail, CodePurpose::RecoverPassword] {
            work.codes
                .expect_revoke()
                .withf(move |user, revoked| *user == fixtures::owner() && *revoked == purpose)
                .times(1)
                .returning(|_, _| Ok(()));
        }
        let work = fixtures::recording(work, EventKind::Disabled);
        let (outcome, commits) = set(work, true).await;
        let user = outcome.expect("shut");
        assert_eq!((user.disabled_at, commits), (Some(fixtures::now()), 1));
    }

    #[tokio::test]
    async fn an_account_is_opened_again() {
        let mut work = finding(Some(fixtures::now()));
        work.users
            .expect_update()
            .withf(|user| user.disabled_at.is_none())
            .times(1)
            .returning(|_| Ok(()));
        let work = fixtures::recording(work, EventKind::Enabled);
        let (outcome, commits) = set(work, false).await;
        assert_eq!((outcome.expect("open").disabled_at, commits), (None, 1));
    }

    #[tokio::test]
    async fn an_account_that_is_as_it_should_be_stays_so() {
        for disabled_at in [None, Some(fixtures::now())] {
            let (outcome, commits) = set(finding(disabled_at), disabled_at.is_some()).await;
            assert_eq!(
                (outcome.expect("as it is").disabled_at, commits),
                (disabled_at, 0)
            );
        }
    }

    #[tokio::test]
    async fn nobody_and_oneself_cannot_be_shut_out() {
        let mut work = MockRepositories::default();
        work.users.expect_lock().returning(|_| Ok(None));
        let (outcome, _) = set(work, true).await;
        assert_eq!(outcome.expect_err("absent").code(), ErrorCode::NotFound);
        let store = Arc::new(MockStore::default());
        let outcome = on(&store, fixtures::admin().id, true).await;
        assert_eq!(outcome.expect_err("refused").code(), ErrorCode::Conflict);
    }
}
