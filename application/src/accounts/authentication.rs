//! Authentication of requests by access token or API key.

use crate::{Context, Error};
use chrono::TimeDelta;
use domain::{
    accounts::{AccessTokens, ApiKeySecret, Role, User},
    clock::Timestamp,
    ids::{ApiKeyId, SessionId, UserId},
};
use std::sync::Arc;

/// The age at which the recorded last use of an API key is updated, so that not every request writes.
const LAST_USE_RESOLUTION: TimeDelta = TimeDelta::minutes(1);

/// The credential of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// An access token of this session.
    Session(SessionId),
    /// This API key.
    ApiKey(ApiKeyId),
}

/// An authenticated caller.
#[derive(Debug, Clone)]
pub struct Authenticated {
    /// The user.
    pub user: User,
    /// The credential of the request.
    pub credential: Credential,
}

impl Authenticated {
    /// Returns the session, for operations that API keys cannot do.
    ///
    /// # Errors
    ///
    /// [`Error::Forbidden`] for an API key.
    pub fn session(&self) -> Result<SessionId, Error> {
        match self.credential {
            Credential::Session(id) => Ok(id),
            Credential::ApiKey(_) => Err(Error::Forbidden),
        }
    }

    /// Returns the id of the admin, for operations on other users.
    ///
    /// # Errors
    ///
    /// [`Error::AdminsOnly`] for any other user, [`Error::Forbidden`] for the API key of an admin.
    pub fn admin(&self) -> Result<UserId, Error> {
        if self.user.role != Role::Admin {
            return Err(Error::AdminsOnly);
        }
        self.session()?;
        Ok(self.user.id)
    }
}

/// Authenticates requests of users who are not disabled.
pub struct Authentication {
    context: Context,
    access_tokens: Arc<dyn AccessTokens>,
}

impl Authentication {
    /// Creates the service. `access_tokens` verifies access tokens.
    pub fn new(context: Context, access_tokens: Arc<dyn AccessTokens>) -> Self {
        Self {
            context,
            access_tokens,
        }
    }

    /// Returns the caller that holds the access token or API key.
    ///
    /// # Errors
    ///
    /// [`Error::Unauthenticated`] if the token or key is invalid, expired or revoked, the session has ended, or the user
    /// is disabled.
    pub async fn authenticate(&self, token: &str) -> Result<Authenticated, Error> {
        let now = self.context.now();
        match ApiKeySecret::presented(token) {
            Some(secret) => self.by_api_key(&secret, now).await,
            None => self.by_access_token(token, now).await,
        }
    }

    async fn by_access_token(&self, token: &str, now: Timestamp) -> Result<Authenticated, Error> {
        let claims = self
            .access_tokens
            .verify(token, now)
            .map_err(|_| Error::Unauthenticated)?;
        let sessions = self.context.read().sessions();
        let user = sessions.find_user(claims.session_id, now).await?;
        let user = user
            .filter(|user| user.id == claims.user_id && user.disabled_at.is_none())
            .ok_or(Error::Unauthenticated)?;
        Ok(Authenticated {
            user,
            credential: Credential::Session(claims.session_id),
        })
    }

    async fn by_api_key(&self, secret: &ApiKeySecret, now: Timestamp) -> Result<Authenticated, Error> {
        let api_keys = self.context.read().api_keys();
        let found = api_keys.find_user(&secret.digest(), now).await?;
        let (key, user) = found
            .filter(|(_, user)| user.disabled_at.is_none())
            .ok_or(Error::Unauthenticated)?;
        if key
            .last_used_at
            .is_none_or(|last_used_at| last_used_at + LAST_USE_RESOLUTION <= now)
        {
            self.record_use(key.id, now).await?;
        }
        Ok(Authenticated {
            user,
            credential: Credential::ApiKey(key.id),
        })
    }

    async fn record_use(&self, key: ApiKeyId, now: Timestamp) -> Result<(), Error> {
        self.context
            .transact(|tx| Box::pin(async move { Ok(tx.api_keys().touch(key, now).await?) }))
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorCode, fixtures, test_context::TestContext};
    use domain::{
        accounts::{AccessClaims, ApiKey, InvalidToken, MockAccessTokens, Session},
        page::PageRequest,
    };
    use uuid::Uuid;

    fn claims() -> AccessClaims {
        AccessClaims {
            user_id: fixtures::ada().id,
            session_id: fixtures::session().id,
            token_id: Uuid::from_u128(10),
            issued_at: fixtures::now(),
            expires_at: fixtures::now(),
        }
    }

    /// A store with this user, a session and an API key `oc_s3cret`.
    async fn store_of(user: User, session: Session, api_key: ApiKey) -> TestContext {
        let test = TestContext::new().with_user(user).await;
        test.write(async |tx| {
            tx.sessions().insert(&session).await?;
            tx.api_keys().insert(&api_key).await
        })
        .await;
        test
    }

    async fn store() -> TestContext {
        store_of(fixtures::ada(), fixtures::session(), fixtures::api_key()).await
    }

    async fn authenticate(
        test: &TestContext,
        token: &str,
        claims: Result<AccessClaims, InvalidToken>,
    ) -> Result<Authenticated, Error> {
        let mut access_tokens = MockAccessTokens::new();
        access_tokens
            .expect_verify()
            .returning(move |_, _| claims.clone());
        let authentication = Authentication::new(test.context(), Arc::new(access_tokens));
        authentication.authenticate(token).await
    }

    #[tokio::test]
    async fn an_access_token_authenticates_the_user_of_its_session() {
        let caller = authenticate(&store().await, "token", Ok(claims())).await;
        let caller = caller.expect("authenticated");
        assert_eq!(caller.user.id, fixtures::ada().id);
        assert_eq!(caller.session().expect("a session"), fixtures::session().id);
    }

    #[tokio::test]
    async fn an_api_key_authenticates_its_user_without_a_session() {
        let caller = authenticate(&store().await, "oc_s3cret", Err(InvalidToken)).await;
        let caller = caller.expect("authenticated");
        assert_eq!(caller.user.id, fixtures::ada().id);
        assert_eq!(caller.credential, Credential::ApiKey(fixtures::api_key().id));
        let error = caller.session().expect_err("no session");
        assert_eq!(error.code(), ErrorCode::Forbidden);
    }

    #[tokio::test]
    async fn invalid_expired_and_revoked_credentials_and_those_of_disabled_users_are_rejected() {
        let of_eve = AccessClaims {
            user_id: fixtures::eve().id,
            ..claims()
        };
        let of_another_session = AccessClaims {
            session_id: SessionId(Uuid::from_u128(99)),
            ..claims()
        };
        let ended = Session {
            expires_at: fixtures::now(),
            ..fixtures::session()
        };
        let expired = ApiKey {
            expires_at: Some(fixtures::now()),
            ..fixtures::api_key()
        };
        let disabled = User {
            disabled_at: Some(fixtures::now()),
            ..fixtures::ada()
        };
        let disabled = store_of(disabled, fixtures::session(), fixtures::api_key()).await;
        let ended = store_of(fixtures::ada(), ended, expired).await;
        let valid = store().await;
        for (test, token, claims) in [
            (&valid, "token", Err(InvalidToken)),
            (&valid, "token", Ok(of_eve)),
            (&valid, "token", Ok(of_another_session)),
            (&valid, "oc_unknown", Ok(claims())),
            (&ended, "token", Ok(claims())),
            (&ended, "oc_s3cret", Ok(claims())),
            (&disabled, "token", Ok(claims())),
            (&disabled, "oc_s3cret", Ok(claims())),
        ] {
            let error = authenticate(test, token, claims).await.expect_err("rejected");
            assert_eq!(error.code(), ErrorCode::Unauthenticated, "{token}");
        }
    }

    #[tokio::test]
    async fn an_outage_is_not_reported_as_an_invalid_key() {
        let test = store().await;
        test.store.fail_next_begin();
        let outcome = authenticate(&test, "oc_s3cret", Err(InvalidToken)).await;
        assert_eq!(outcome.expect_err("an outage").code(), ErrorCode::Unavailable);
    }

    #[tokio::test]
    async fn the_last_use_of_an_api_key_is_recorded_once_a_minute() {
        let test = store().await;
        let last_use = async || {
            let used = authenticate(&test, "oc_s3cret", Err(InvalidToken)).await;
            used.expect("authenticated");
            let keys = test.read().api_keys();
            let page = keys.list(fixtures::owner(), PageRequest::default()).await;
            let at = page.expect("a page").items[0].last_used_at.expect("a use");
            (at - fixtures::now()).num_seconds()
        };
        assert_eq!(last_use().await, 0);
        test.clock.advance(TimeDelta::seconds(59));
        assert_eq!(last_use().await, 0);
        test.clock.advance(TimeDelta::seconds(1));
        assert_eq!(last_use().await, 60);
    }

    #[test]
    fn an_admin_is_a_user_with_the_role_in_a_session() {
        let caller = |user: User, credential| Authenticated { user, credential };
        let session = Credential::Session(fixtures::session().id);
        let key = Credential::ApiKey(fixtures::api_key().id);
        let admin = caller(fixtures::admin(), session).admin();
        assert_eq!(admin.expect("an admin"), fixtures::admin().id);
        for credential in [session, key] {
            let outcome = caller(fixtures::ada(), credential).admin();
            assert!(matches!(outcome, Err(Error::AdminsOnly)));
        }
        let outcome = caller(fixtures::admin(), key).admin();
        assert!(matches!(outcome, Err(Error::Forbidden)));
    }
}
