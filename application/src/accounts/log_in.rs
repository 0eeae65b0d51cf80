//! Logging in with a password.

use crate::Error;
use chrono::TimeDelta;
use domain::{
    accounts::{
        AccessClaims, AccessTokens, Email, Password, PasswordHasher, RefreshToken, SecretGenerator, Session,
        User, Username, Verification,
    },
    clock::{Clock, Timestamp},
    ids::{IdGenerator, SessionId},
    store::{Store, StoreError},
};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;

/// How long tokens count.
#[derive(Debug, Clone, Copy)]
pub struct TokenLifetimes {
    /// Of an access token.
    pub access: TimeDelta,
    /// Of a refresh token, and so of a session that is not renewed.
    pub refresh: TimeDelta,
}

/// What a login gives.
#[derive(Debug)]
pub struct Tokens {
    /// A signed token for the `Authorization` header.
    pub access_token: SecretString,
    /// How long it counts.
    pub expires_in: TimeDelta,
    /// An opaque token that names the session.
    pub refresh_token: RefreshToken,
}

/// Opens a session for who knows the password.
pub struct LogIn {
    /// Where users and sessions are kept.
    pub store: Arc<dyn Store>,
    /// Checks the password.
    pub hasher: Arc<dyn PasswordHasher>,
    /// Signs the access token.
    pub access_tokens: Arc<dyn AccessTokens>,
    /// Makes the refresh token.
    pub secrets: Arc<dyn SecretGenerator>,
    /// When the session begins.
    pub clock: Arc<dyn Clock>,
    /// Names the session and the token.
    pub ids: Arc<dyn IdGenerator>,
    /// How long the tokens count.
    pub lifetimes: TokenLifetimes,
}

impl LogIn {
    /// Tokens for the user of this name or address; [`Error::InvalidCredentials`] for an unknown user and for a wrong
    /// password alike, after the same work.
    pub async fn execute(&self, login: &str, password: SecretString) -> Result<Tokens, Error> {
        let user = self.find(login).await?;
        let hash = user.as_ref().and_then(|user| user.password_hash.clone());
        let verification = self
            .hasher
            .verify(password.clone(), hash)
            .await
            .map_err(Error::Internal)?;
        let (Some(user), Verification::Right | Verification::RightButOutdated) = (user, verification) else {
            return Err(Error::InvalidCredentials);
        };
        if verification == Verification::RightButOutdated {
            self.renew_hash(&user, password).await?;
        }
        self.open_session(&user).await
    }

    async fn find(&self, login: &str) -> Result<Option<User>, StoreError> {
        if let Some(username) = Username::parse(login) {
            return self.store.users().find_by_username(&username).await;
        }
        match Email::parse(login) {
            Some(email) => self.store.users().find_by_email(&email).await,
            None => Ok(None),
        }
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

    async fn open_session(&self, user: &User) -> Result<Tokens, Error> {
        let now = self.clock.now();
        let refresh_token = RefreshToken::new(self.secrets.token());
        let session = Session {
            id: SessionId(self.ids.next()),
            user_id: user.id,
            refresh_token_digest: refresh_token.digest(),
            created_at: now,
            expires_at: now + self.lifetimes.refresh,
        };
        let access_token = self
            .access_tokens
            .issue(&self.claims(&session, now))
            .map_err(Error::Internal)?;
        let work = self.store.begin().await?;
        match work.sessions().insert(&session).await {
            Err(StoreError::OwnerGone) => return Err(Error::InvalidCredentials),
            inserted => inserted?,
        }
        work.commit().await?;
        Ok(Tokens {
            access_token,
            expires_in: self.lifetimes.access,
            refresh_token,
        })
    }

    fn claims(&self, session: &Session, now: Timestamp) -> AccessClaims {
        AccessClaims {
            user_id: session.user_id,
            session_id: session.id,
            token_id: self.ids.next(),
            issued_at: now,
            expires_at: now + self.lifetimes.access,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use domain::{
        accounts::{MockAccessTokens, MockPasswordHasher, MockSecretGenerator, PasswordHash},
        store::test_support::{MockRepositories, MockStore},
    };

    fn log_in(store: Arc<MockStore>, verification: Verification) -> LogIn {
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
        let mut access_tokens = MockAccessTokens::new();
        access_tokens
            .expect_issue()
            .returning(|_| Ok("signed".to_owned().into()));
        let mut secrets = MockSecretGenerator::new();
        secrets.expect_token().returning(|| "secret".to_owned().into());
        LogIn {
            store,
            hasher: Arc::new(hasher),
            access_tokens: Arc::new(access_tokens),
            secrets: Arc::new(secrets),
            clock: fixtures::clock(),
            ids: fixtures::ids(),
            lifetimes: TokenLifetimes {
                access: TimeDelta::minutes(15),
                refresh: TimeDelta::days(30),
            },
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
        work.sessions
            .expect_insert()
            .withf(|session| {
                session.user_id == fixtures::ada().id
                    && session.expires_at == fixtures::now() + TimeDelta::days(30)
                    && session.refresh_token_digest == RefreshToken::new("secret".to_owned().into()).digest()
            })
            .times(1)
            .returning(|_| Ok(()));
        work
    }

    fn password() -> SecretString {
        "a fine password".to_owned().into()
    }

    #[tokio::test]
    async fn the_right_password_opens_a_session_by_name_or_by_address() {
        for login in ["ADA", "Ada@Example.org"] {
            let store = Arc::new(knowing_ada().then_work(saving_a_session()));
            let tokens = log_in(store.clone(), Verification::Right)
                .execute(login, password())
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
        for login in ["ada", "nobody", "nobody@example.org", "", "no such name!"] {
            let store = Arc::new(knowing_ada());
            let outcome = log_in(store.clone(), Verification::Wrong)
                .execute(login, password())
                .await;
            assert_eq!(outcome.expect_err("refused").code(), "invalid_credentials");
            assert_eq!(store.commits(), 0);
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
            .execute("ada", password())
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
            .execute("ada", password())
            .await;
        assert!(outcome.is_ok());
        assert_eq!(store.commits(), 1);
    }

    #[tokio::test]
    async fn a_user_who_is_deleted_while_logging_in_is_refused() {
        let mut work = MockRepositories::default();
        work.sessions
            .expect_insert()
            .returning(|_| Err(StoreError::OwnerGone));
        let store = Arc::new(knowing_ada().then_work(work));
        let outcome = log_in(store, Verification::Right)
            .execute("ada", password())
            .await;
        assert_eq!(outcome.expect_err("refused").code(), "invalid_credentials");
    }
}
