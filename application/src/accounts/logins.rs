//! Logging in with a password.

use super::{
    FailedLogins, OpenSession, RateLimiter, Tokens, find_by_username_or_email::find_by_username_or_email,
    throttle::LoginAttempt,
};
use crate::Error;
use domain::{
    accounts::{Origin, Password, PasswordHasher, User, Verification},
    store::Store,
};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;

/// Opens a session for who knows the password.
pub struct LogIn {
    /// Where users and sessions are kept.
    pub store: Arc<dyn Store>,
    /// Checks the password.
    pub hasher: Arc<dyn PasswordHasher>,
    /// Refuses who tried too often.
    pub throttle: Arc<RateLimiter>,
    /// Lets the user in.
    pub open_session: Arc<OpenSession>,
    /// Writes failures down.
    pub failures: Arc<FailedLogins>,
}

impl LogIn {
    /// Tokens for the user of this name or address; [`Error::InvalidCredentials`] for an unknown user, for a disabled one
    /// and for a wrong password alike, after the same work; [`Error::TooManyAttempts`] after too many of them.
    pub async fn execute(
        &self,
        login: &str,
        password: SecretString,
        origin: Origin,
    ) -> Result<Tokens, Error> {
        let user = find_by_username_or_email(&*self.store, login).await?;
        let known = user.as_ref().map(|user| user.id);
        let attempt = LoginAttempt::log_in(login, known, &origin);
        self.throttle.check(&attempt).await?;
        let hash = user.as_ref().and_then(|user| user.password_hash.clone());
        let verification = self
            .hasher
            .verify(password.clone(), hash)
            .await
            .map_err(Error::Internal)?;
        // Who is disabled is refused here already, so that not even the work shows that the password is right.
        let user = user.filter(|user| user.disabled_at.is_none());
        let (Some(user), Verification::Right | Verification::RightButOutdated) = (user, verification) else {
            self.failures.note(&attempt, known, origin).await?;
            return Err(Error::InvalidCredentials);
        };
        // Of many guesses at once, those that were hashed after the limit was reached count as little as those that came
        // after it.
        self.throttle.check(&attempt).await?;
        if verification == Verification::RightButOutdated {
            self.renew_hash(&user, password).await?;
        }
        self.open_session.execute(&user, origin).await
    }

    async fn renew_hash(&self, user: &User, password: SecretString) -> Result<(), Error> {
        let Some(password) = Password::parse(password.expose_secret().to_owned()) else {
            return Ok(());
        };
        let hash = self.hasher.hash(password).await.map_err(Error::Internal)?;
        let work = self.store.begin().await?;
        let Some(mut current) = work.users().lock(user.id).await? else {
            return Ok(());
        };
        let exposed = |user: &User| user.password_hash.as_ref().map(|hash| hash.expose().to_owned());
        // The password may have been changed while the hash was made; the newer one stays.
        if exposed(&current) == exposed(user) {
            current.password_hash = Some(hash);
            work.users().update(&current).await?;
            work.commit().await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{accounts::RateLimits, fixtures};
    use chrono::TimeDelta;
    use domain::{
        accounts::{EventKind, MockPasswordHasher, Network, PasswordHash, RateLimitWindow, RefreshToken},
        store::test_support::{MockRepositories, MockStore},
    };

    fn log_in(store: Arc<MockStore>, verification: Verification) -> LogIn {
        throttled(fixtures::no_throttle(), store, verification)
    }

    fn throttled(throttle: Arc<RateLimiter>, store: Arc<MockStore>, verification: Verification) -> LogIn {
        let mut hasher = MockPasswordHasher::new();
        hasher.expect_verify().times(1).returning(move |_, hash| {
            Ok(if hash.is_some() {
                verification
            } else {
                Verification::Wrong
            })
        });
        hasher
            .expect_hash()
            .returning(|_| Ok(PasswordHash::new("new hash".into())));
        LogIn {
            store: store.clone(),
            hasher: Arc::new(hasher),
            failures: Arc::new(FailedLogins {
                store: store.clone(),
                throttle: throttle.clone(),
                events: fixtures::event_log(),
            }),
            throttle,
            open_session: fixtures::open_session(store),
        }
    }

    fn knowing_ada() -> MockStore {
        let mut reads = MockRepositories::default();
        reads
            .users
            .expect_find_by_username()
            .returning(|name| Ok((*name == fixtures::username("ada")).then(fixtures::ada)));
        reads
            .users
            .expect_find_by_email()
            .returning(|email| Ok((*email == fixtures::email("ada@example.org")).then(fixtures::ada)));
        MockStore::reading(reads)
    }

    fn saving_a_session() -> MockRepositories {
        let mut work = MockRepositories::default();
        work.users.expect_lock().returning(|_| Ok(Some(fixtures::ada())));
        work.sessions
            .expect_insert()
            .withf(|session| {
                session.user_id == fixtures::ada().id
                    && session.origin == fixtures::origin()
                    && session.expires_at == fixtures::now() + TimeDelta::days(30)
                    && session.refresh_token_digest == RefreshToken::new("secret".to_owned().into()).digest()
            })
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

    fn password() -> SecretString {
        "a fine password".to_owned().into()
    }

    #[tokio::test]
    async fn the_right_password_opens_a_session_by_name_or_by_address() {
        for login in ["ADA", "Ada@Example.org"] {
            let store = Arc::new(knowing_ada().then_work(saving_a_session()));
            let tokens = log_in(store.clone(), Verification::Right)
                .execute(login, password(), fixtures::origin())
                .await;
            let tokens = tokens.expect("logged in");
            assert_eq!(tokens.access_token.expose_secret(), "signed");
            assert_eq!(tokens.refresh_token.expose(), "secret");
            assert_eq!(tokens.expires_in, TimeDelta::minutes(15));
            assert_eq!(store.commits(), 1);
        }
    }

    #[tokio::test]
    async fn unknown_names_impossible_names_and_wrong_passwords_are_the_same_after_the_same_work() {
        let ada = Some(fixtures::ada().id);
        for (login, known) in [
            ("ada", ada),
            ("nobody", None),
            ("nobody@example.org", None),
            ("", None),
            ("no such name!", None),
        ] {
            let failure = fixtures::recording_of(known, MockRepositories::default(), EventKind::LoginFailed);
            let store = Arc::new(knowing_ada().then_work(failure));
            let outcome = log_in(store.clone(), Verification::Wrong)
                .execute(login, password(), fixtures::origin())
                .await;
            assert_eq!(outcome.expect_err("refused").code(), "invalid_credentials");
            assert_eq!(store.commits(), 1);
        }
    }

    #[tokio::test]
    async fn the_right_password_of_a_disabled_user_is_as_good_as_a_wrong_one() {
        let mut reads = MockRepositories::default();
        reads.users.expect_find_by_username().returning(|_| {
            Ok(Some(User {
                disabled_at: Some(fixtures::now()),
                ..fixtures::ada()
            }))
        });
        let failure = fixtures::recording(MockRepositories::default(), EventKind::LoginFailed);
        let store = Arc::new(MockStore::reading(reads).then_work(failure));
        let outcome = log_in(store.clone(), Verification::RightButOutdated)
            .execute("ada", password(), fixtures::origin())
            .await;
        assert_eq!(outcome.expect_err("refused").code(), "invalid_credentials");
        assert_eq!(store.commits(), 1);
    }

    #[tokio::test]
    async fn the_failure_that_closes_an_account_is_written_down_as_such_in_the_commit_that_counts_it() {
        for (count, closes) in [(9, false), (10, true), (11, false)] {
            let mut reads = MockRepositories::default();
            reads.rate_limits.expect_find_count().returning(|_, _| Ok(None));
            let throttle = Arc::new(RateLimiter {
                store: Arc::new(MockStore::reading(reads)),
                clock: fixtures::clock(),
                limits: RateLimits {
                    failures_per_account: Some(10),
                    ..RateLimits::default()
                },
            });
            let mut work = MockRepositories::default();
            work.rate_limits
                .expect_count()
                .times(1)
                .returning(move |_, _, ends_at| Ok(RateLimitWindow { count, ends_at }));
            let mut work = fixtures::recording(work, EventKind::LoginFailed);
            if closes {
                work = fixtures::recording(work, EventKind::LoginThrottled);
            }
            let store = Arc::new(knowing_ada().then_work(work));
            let outcome = throttled(throttle, store.clone(), Verification::Wrong)
                .execute("ada", password(), fixtures::origin())
                .await;
            assert_eq!(outcome.expect_err("refused").code(), "invalid_credentials");
            assert_eq!(store.commits(), 1);
        }
    }

    #[tokio::test]
    async fn an_outdated_hash_is_renewed_at_login() {
        let mut renewal = MockRepositories::default();
        renewal
            .users
            .expect_lock()
            .returning(|_| Ok(Some(fixtures::ada())));
        renewal
            .users
            .expect_update()
            .withf(|user| {
                user.password_hash
                    .as_ref()
                    .is_some_and(|hash| hash.expose() == "new hash")
            })
            .times(1)
            .returning(|_| Ok(()));
        let store = Arc::new(knowing_ada().then_work(renewal).then_work(saving_a_session()));
        let outcome = log_in(store.clone(), Verification::RightButOutdated)
            .execute("ada", password(), fixtures::origin())
            .await;
        assert!(outcome.is_ok());
        assert_eq!(store.commits(), 2);
    }

    #[tokio::test]
    async fn a_password_that_changed_meanwhile_is_not_overwritten_by_the_renewal() {
        let mut renewal = MockRepositories::default();
        renewal.users.expect_lock().returning(|_| {
            let changed = Some(PasswordHash::new("hash of another password".into()));
            Ok(Some(User {
                password_hash: changed,
                ..fixtures::ada()
            }))
        });
        let store = Arc::new(knowing_ada().then_work(renewal).then_work(saving_a_session()));
        let outcome = log_in(store.clone(), Verification::RightButOutdated)
            .execute("ada", password(), fixtures::origin())
            .await;
        assert!(outcome.is_ok());
        assert_eq!(store.commits(), 1);
    }
}
