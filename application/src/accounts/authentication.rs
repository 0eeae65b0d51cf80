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
