//! Changing a password.

use super::{EventLog, RateLimiter, password_rules::refuse_common, LoginAttempt};
use crate::Error;
use domain::{
    accounts::{
        CodePurpose, EventKind, Origin, Password, PasswordHash, PasswordHasher, PasswordStrength, User,
        Verification,
    },
    clock::Clock,
    ids::SessionId,
    store::Store,
};
use secrecy::SecretString;
use std::sync::Arc;

/// Gives a user another password, ends the user's other sessions and withdraws a code for recovery.
pub struct ChangePassword {
    /// Where users and sessions are kept.
    pub store: Arc<dyn Store>,
    /// Checks the old password and hashes the new one.
    pub hasher: Arc<dyn PasswordHasher>,
    /// Judges the new one.
    pub strength: Arc<dyn PasswordStrength>,
    /// When it was changed.
    pub clock: Arc<dyn Clock>,
    /// Where it is written down.
    pub events: Arc<EventLog>,
    /// Refuses who tried too often.
    pub throttle: Arc<RateLimiter>,
}

impl ChangePassword {
    /// [`Error::InvalidCredentials`] when `current` is not the user's password, [`Error::InvalidRequest`] when `new` is a
    /// common one, [`Error::TooManyAttempts`] after too many wrong ones.
    pub async fn execute(
        &self,
        user: &User,
        session: SessionId,
        current: SecretString,
        new: Password,
        origin: Origin,
    ) -> Result<(), Error> {
        let attempt = LoginAttempt::for_confirmation(user.id, &origin);
        self.throttle.check(&attempt).await?;
        let hash = user.password_hash.clone();
        let verification = self.hasher.verify(current, hash).await.map_err(Error::Internal)?;
        if verification == Verification::Wrong {
            let unit = self.store.begin().await?;
            self.throttle.record_failure_in(&*unit, &attempt).await?;
            let failed = EventKind::PasswordChangeFailed;
            self.events.record(&*unit, user.id, failed, origin).await?;
            unit.commit().await?;
            return Err(Error::InvalidCredentials);
        }
        // Of many guesses at once, those that were hashed after the limit was reached count as little as those after it.
        self.throttle.check(&attempt).await?;
        refuse_common(&*self.strength, "new_password", &new, &user.username, &user.email).await?;
        let hash = self.hasher.hash(new).await.map_err(Error::Internal)?;
        let unit = self.store.begin().await?;
        let mut locked = unit.users().lock(user.id).await?.ok_or(Error::Unauthenticated)?;
        // What was checked above is the password no more when somebody else changed it meanwhile.
        if exposed(&locked) != exposed(user) {
            return Err(Error::InvalidCredentials);
        }
        locked.password_hash = Some(hash);
        locked.updated_at = self.clock.now();
        unit.users().update(&locked).await?;
        unit.sessions().delete_all(user.id, Some(session)).await?;
        unit.codes().revoke(user.id, CodePurpose::RecoverPassword).await?;
        self.events
            .record(&*unit, user.id, EventKind::PasswordChanged, origin)
            .await?;
        unit.commit().await?;
        Ok(())
    }
}

fn exposed(user: &User) -> Option<&str> {
    user.password_hash.as_ref().map(PasswordHash::expose)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{accounts::RateLimits, fixtures};
    use chrono::TimeDelta;
    use domain::{
        accounts::{MockPasswordHasher, MockPasswordStrength, RateLimitKey, RateLimitScope, RateLimitWindow},
        store::test_support::{MockRepositories, MockStore},
    };

    async fn change(
        store: &Arc<MockStore>,
        verification: Verification,
        common: bool,
    ) -> Result<(), &'static str> {
        let mut hasher = MockPasswordHasher::new();
        hasher
            .expect_verify()
            .times(1)
            .returning(move |_, _| Ok(verification));
        hasher
            .expect_hash()
            .returning(|_| Ok(PasswordHash::new("new hash".into())));
        let mut strength = MockPasswordStrength::new();
        strength.expect_is_common().returning(move |_, _, _| Ok(common));
        let change = ChangePassword {
            store: store.clone(),
            hasher: Arc::new(hasher),
            strength: Arc::new(strength),
            clock: fixtures::clock(),
            events: fixtures::event_log(),
            throttle: fixtures::no_throttle(),
        };
        let new = Password::parse("another fine phrase".into()).expect("a valid password");
        let current = "a fine password".to_owned().into();
        let (ada, session) = (fixtures::ada(), fixtures::session().id);
        let outcome = change.execute(&ada, session, current, new, fixtures::origin());
        outcome.await.map_err(|error| error.code())
    }

    #[tokio::test]
    async fn the_new_hash_is_saved_and_the_other_sessions_and_a_code_end_in_one_commit() {
        let mut work = MockRepositories::default();
        work.users.expect_lock().returning(|_| Ok(Some(fixtures::ada())));
        work.users
            .expect_update()
            .withf(|user| exposed(user) == Some("new hash") && user.updated_at == fixtures::now())
            .times(1)
            .returning(|_| Ok(()));
        work.sessions
            .expect_delete_all()
            .withf(|user, except| *user == fixtures::ada().id && *except == Some(fixtures::session().id))
            .times(1)
            .returning(|_, _| Ok(2));
        work.codes
            .expect_revoke()
            .withf(|user, purpose| *user == fixtures::ada().id && *purpose == CodePurpose::RecoverPassword)
            .times(1)
            .returning(|_, _| Ok(()));
        let work = fixtures::recording(work, EventKind::PasswordChanged);
        let store = Arc::new(MockStore::default().then_work(work));
        assert_eq!(
            change(&store, Verification::RightButOutdated, false).await,
            Ok(())
        );
        assert_eq!(store.commits(), 1);
    }

    #[tokio::test]
    async fn a_wrong_password_and_a_common_new_one_change_nothing() {
        let failure = fixtures::recording(MockRepositories::default(), EventKind::PasswordChangeFailed);
        let store = Arc::new(MockStore::default().then_work(failure));
        let outcome = change(&store, Verification::Wrong, false).await;
        assert_eq!((outcome, store.commits()), (Err("invalid_credentials"), 1));
        let outcome = change(&store, Verification::Right, true).await;
        assert_eq!(outcome, Err("invalid_request"));
    }

    #[tokio::test]
    async fn after_too_many_wrong_ones_even_the_right_password_changes_nothing() {
        let mut reads = MockRepositories::default();
        reads.rate_limits.expect_find_count().returning(|counter, now| {
            let user = fixtures::ada().id.0.to_string();
            let expected = RateLimitKey::new(RateLimitScope::PasswordConfirmationFailures, &user);
            Ok((*counter == expected).then_some(RateLimitWindow {
                count: 10,
                ends_at: now + TimeDelta::minutes(1),
            }))
        });
        reads
            .rate_limits
            .expect_has_logged_in()
            .returning(|_, _| Ok(false));
        let limits = RateLimits {
            failures_per_account: Some(10),
            ..RateLimits::default()
        };
        let change = ChangePassword {
            store: Arc::new(MockStore::default()),
            hasher: Arc::new(MockPasswordHasher::new()),
            strength: Arc::new(MockPasswordStrength::new()),
            clock: fixtures::clock(),
            events: fixtures::event_log(),
            throttle: Arc::new(RateLimiter {
                store: Arc::new(MockStore::reading(reads)),
                clock: fixtures::clock(),
                limits,
            }),
        };
        let new = Password::parse("another fine phrase".into()).expect("a valid password");
        let (ada, session) = (fixtures::ada(), fixtures::session().id);
        let current = "a fine password".to_owned().into();
        let outcome = change.execute(&ada, session, current, new, fixtures::origin());
        let error = outcome.await.expect_err("refused");
        assert_eq!(error.code(), "too_many_attempts");
    }

    #[tokio::test]
    async fn a_password_that_was_changed_meanwhile_is_not_the_one_that_was_checked() {
        let mut work = MockRepositories::default();
        work.users.expect_lock().returning(|_| {
            Ok(Some(User {
                password_hash: Some(PasswordHash::new("hash of another".into())),
                ..fixtures::ada()
            }))
        });
        let store = Arc::new(MockStore::default().then_work(work));
        let outcome = change(&store, Verification::Right, false).await;
        assert_eq!((outcome, store.commits()), (Err("invalid_credentials"), 0));
    }
}
