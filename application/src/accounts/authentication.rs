//! Who sent a request.

use crate::Error;
use chrono::TimeDelta;
use domain::{
    accounts::{AccessTokens, ApiKey, ApiKeySecret, Role, User},
    clock::{Clock, Timestamp},
    ids::{ApiKeyId, SessionId, UserId},
    store::Store,
};
use std::sync::Arc;

/// How much older a note of a key's last use must be before it is written anew: not every request is worth a write.
const NOTE_EVERY: TimeDelta = TimeDelta::minutes(1);

/// What a sender showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// An access token of this session.
    Session(SessionId),
    /// This API key.
    ApiKey(ApiKeyId),
}

/// The sender of a request.
#[derive(Debug, Clone)]
pub struct Authenticated {
    /// The user.
    pub user: User,
    /// What was shown.
    pub credential: Credential,
}

impl Authenticated {
    /// The session, for what a person must do and no program may; [`Error::Forbidden`] for an API key.
    pub fn session(&self) -> Result<SessionId, Error> {
        match self.credential {
            Credential::Session(id) => Ok(id),
            Credential::ApiKey(_) => Err(Error::Forbidden),
        }
    }

    /// The admin, for what concerns other users; [`Error::AdminsOnly`] for any other user, [`Error::Forbidden`] for an
    /// admin's API key.
    pub fn admin(&self) -> Result<UserId, Error> {
        if self.user.role != Role::Admin {
            return Err(Error::AdminsOnly);
        }
        self.session()?;
        Ok(self.user.id)
    }
}

/// Checks what a sender shows: an access token, whose session must live, or an API key; of a user who is not disabled.
pub struct Authenticate {
    /// Where sessions, keys and users are kept.
    pub store: Arc<dyn Store>,
    /// Knows the keys that access tokens are signed with.
    pub access_tokens: Arc<dyn AccessTokens>,
    /// When the token must count.
    pub clock: Arc<dyn Clock>,
}

impl Authenticate {
    /// The sender, in one read; [`Error::Unauthenticated`] when what is shown does not count.
    pub async fn execute(&self, token: &str) -> Result<Authenticated, Error> {
        let now = self.clock.now();
        match ApiKeySecret::presented(token) {
            Some(secret) => self.by_key(&secret, now).await,
            None => self.by_token(token, now).await,
        }
    }

    async fn by_token(&self, token: &str, now: Timestamp) -> Result<Authenticated, Error> {
        let claims = self
            .access_tokens
            .verify(token, now)
            .map_err(|_| Error::Unauthenticated)?;
        let user = self
            .store
            .read()
            .sessions()
            .find_user(claims.session_id, now)
            .await?;
        let user = user
            .filter(|user| user.id == claims.user_id && user.disabled_at.is_none())
            .ok_or(Error::Unauthenticated)?;
        Ok(Authenticated {
            user,
            credential: Credential::Session(claims.session_id),
        })
    }

    async fn by_key(&self, secret: &ApiKeySecret, now: Timestamp) -> Result<Authenticated, Error> {
        let found = self
            .store
            .read()
            .api_keys()
            .find_user(&secret.digest(), now)
            .await?;
        let (key, user) = found
            .filter(|(_, user)| user.disabled_at.is_none())
            .ok_or(Error::Unauthenticated)?;
        if key.last_used_at.is_none_or(|noted| noted + NOTE_EVERY <= now) {
            self.note_use(&key, now).await?;
        }
        Ok(Authenticated {
            user,
            credential: Credential::ApiKey(key.id),
        })
    }

    async fn note_use(&self, key: &ApiKey, now: Timestamp) -> Result<(), Error> {
        let unit = self.store.begin().await?;
        unit.api_keys().touch(key.id, now).await?;
        unit.commit().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use domain::{
        BoxError,
        accounts::{AccessClaims, InvalidToken, MockAccessTokens},
        ids::UserId,
        store::{
            StoreError,
            test_support::{MockRepositories, MockStore},
        },
    };
    use uuid::Uuid;

    fn claims() -> AccessClaims {
        AccessClaims {
            user_id: fixtures::ada().id,
            session_id: SessionId(Uuid::from_u128(9)),
            token_id: Uuid::from_u128(10),
            issued_at: fixtures::now(),
            expires_at: fixtures::now(),
        }
    }

    fn authenticate(
        verified: Result<AccessClaims, InvalidToken>,
        found: fn() -> Result<Option<User>, StoreError>,
    ) -> Authenticate {
        let mut access_tokens = MockAccessTokens::new();
        access_tokens
            .expect_verify()
            .returning(move |_, _| verified.clone());
        let mut reads = MockRepositories::default();
        reads
            .sessions
            .expect_find_user()
            .withf(|id, now| *id == claims().session_id && *now == fixtures::now())
            .returning(move |_, _| found());
        Authenticate {
            store: Arc::new(MockStore::reading(reads)),
            access_tokens: Arc::new(access_tokens),
            clock: fixtures::clock(),
        }
    }

    #[tokio::test]
    async fn a_valid_token_of_a_living_session_names_its_user() {
        let sender = authenticate(Ok(claims()), || Ok(Some(fixtures::ada())))
            .execute("token")
            .await;
        let sender = sender.expect("authenticated");
        assert_eq!(
            (sender.user.id, sender.session().expect("a session")),
            (fixtures::ada().id, claims().session_id)
        );
    }

    #[tokio::test]
    async fn an_invalid_token_is_refused_without_a_read() {
        let outcome = authenticate(Err(InvalidToken), || unreachable!("no read"))
            .execute("token")
            .await;
        assert_eq!(outcome.expect_err("refused").code(), "unauthenticated");
    }

    #[tokio::test]
    async fn a_token_dies_with_its_session() {
        let outcome = authenticate(Ok(claims()), || Ok(None)).execute("token").await;
        assert_eq!(outcome.expect_err("refused").code(), "unauthenticated");
    }

    #[tokio::test]
    async fn nothing_of_a_disabled_user_counts() {
        fn disabled() -> User {
            User {
                disabled_at: Some(fixtures::now()),
                ..fixtures::ada()
            }
        }
        let outcome = authenticate(Ok(claims()), || Ok(Some(disabled())));
        let outcome = outcome.execute("token").await;
        assert_eq!(outcome.expect_err("refused").code(), "unauthenticated");
        let mut reads = MockRepositories::default();
        reads
            .api_keys
            .expect_find_user()
            .returning(|_, _| Ok(Some((fixtures::api_key(), disabled()))));
        let outcome = showing_a_key(MockStore::reading(reads))
            .execute("oc_s3cret")
            .await;
        assert_eq!(outcome.expect_err("refused").code(), "unauthenticated");
    }

    #[test]
    fn an_admin_is_a_person_with_that_role() {
        let sender = |user: User, credential| Authenticated { user, credential };
        let session = Credential::Session(claims().session_id);
        let key = Credential::ApiKey(fixtures::api_key().id);
        let admin = sender(fixtures::admin(), session).admin();
        assert_eq!(admin.expect("an admin"), fixtures::admin().id);
        for (user, credential) in [(fixtures::ada(), session), (fixtures::ada(), key)] {
            let outcome = sender(user, credential).admin();
            assert!(matches!(outcome, Err(Error::AdminsOnly)));
        }
        let outcome = sender(fixtures::admin(), key).admin();
        assert!(matches!(outcome, Err(Error::Forbidden)));
    }

    #[tokio::test]
    async fn a_session_of_another_user_is_no_proof() {
        let other = AccessClaims {
            user_id: UserId(Uuid::from_u128(2)),
            ..claims()
        };
        let outcome = authenticate(Ok(other), || Ok(Some(fixtures::ada())))
            .execute("token")
            .await;
        assert_eq!(outcome.expect_err("refused").code(), "unauthenticated");
    }

    #[tokio::test]
    async fn a_store_that_is_down_is_not_taken_for_a_bad_token() {
        let down = || Err(StoreError::Unavailable(BoxError::from("down")));
        let outcome = authenticate(Ok(claims()), down).execute("token").await;
        assert_eq!(outcome.expect_err("refused").code(), "unavailable");
    }

    fn showing_a_key(store: impl Into<Arc<MockStore>>) -> Authenticate {
        Authenticate {
            store: store.into(),
            access_tokens: Arc::new(MockAccessTokens::new()),
            clock: fixtures::clock(),
        }
    }

    async fn by_key(last_used_at: Option<Timestamp>, notes: usize) -> (Authenticated, usize) {
        let mut reads = MockRepositories::default();
        reads
            .api_keys
            .expect_find_user()
            .withf(|digest, now| {
                let secret = ApiKeySecret::presented("oc_s3cret").expect("a key");
                *digest == secret.digest() && *now == fixtures::now()
            })
            .returning(move |_, _| {
                let key = ApiKey {
                    last_used_at,
                    ..fixtures::api_key()
                };
                Ok(Some((key, fixtures::ada())))
            });
        let mut work = MockRepositories::default();
        work.api_keys
            .expect_touch()
            .withf(|id, now| *id == fixtures::api_key().id && *now == fixtures::now())
            .times(notes)
            .returning(|_, _| Ok(()));
        let store = Arc::new(MockStore::reading(reads).then_work(work));
        let sender = showing_a_key(store.clone()).execute("oc_s3cret").await;
        (sender.expect("authenticated"), store.commits())
    }

    #[tokio::test]
    async fn a_key_names_its_user_but_is_no_session() {
        let (sender, _) = by_key(None, 1).await;
        assert_eq!(sender.user.id, fixtures::ada().id);
        assert_eq!(sender.session().expect_err("no session").code(), "forbidden");
    }

    #[tokio::test]
    async fn the_use_of_a_key_is_noted_once_a_minute() {
        let ago = |seconds: i64| Some(fixtures::now() + TimeDelta::seconds(-seconds));
        assert_eq!(by_key(ago(60), 1).await.1, 1);
        assert_eq!(by_key(ago(59), 0).await.1, 0);
    }

    #[tokio::test]
    async fn a_key_that_is_unknown_or_has_expired_is_refused() {
        let mut reads = MockRepositories::default();
        reads.api_keys.expect_find_user().returning(|_, _| Ok(None));
        let outcome = showing_a_key(MockStore::reading(reads))
            .execute("oc_unknown")
            .await;
        assert_eq!(outcome.expect_err("refused").code(), "unauthenticated");
    }
}
