//! New sessions and the tokens that clients hold for them.

use crate::{Context, Error};
use chrono::TimeDelta;
use domain::{
    accounts::{AccessClaims, AccessTokens, Origin, RefreshToken, SecretGenerator, Session},
    ids::{SessionId, UserId},
};
use secrecy::SecretString;
use std::sync::Arc;

/// The lifetimes of tokens.
#[derive(Debug, Clone, Copy)]
pub struct TokenLifetimes {
    /// The lifetime of an access token.
    pub access: TimeDelta,
    /// The lifetime of a refresh token, and so of a session that is not refreshed.
    pub refresh: TimeDelta,
}

/// The tokens that a login or a refresh returns.
#[derive(Debug)]
pub struct Tokens {
    /// A signed token for the `Authorization` header.
    pub access_token: SecretString,
    /// The lifetime of the access token.
    pub expires_in: TimeDelta,
    /// An opaque token that refreshes the session once.
    pub refresh_token: RefreshToken,
}

/// Creates sessions and their tokens, and stores neither.
pub struct SessionTokens {
    context: Context,
    access_tokens: Arc<dyn AccessTokens>,
    secrets: Arc<dyn SecretGenerator>,
    lifetimes: TokenLifetimes,
}

impl SessionTokens {
    /// Creates the service. `access_tokens` signs access tokens, `secrets` generates refresh tokens.
    pub fn new(
        context: Context,
        access_tokens: Arc<dyn AccessTokens>,
        secrets: Arc<dyn SecretGenerator>,
        lifetimes: TokenLifetimes,
    ) -> Self {
        Self {
            context,
            access_tokens,
            secrets,
            lifetimes,
        }
    }

    /// Creates a session of the user.
    pub(super) fn open(&self, user: UserId, origin: Origin) -> Result<(Session, Tokens), Error> {
        let now = self.context.now();
        let refresh_token = RefreshToken::new(self.secrets.token());
        let session = Session {
            id: SessionId(self.context.new_id()),
            user_id: user,
            refresh_token_digest: refresh_token.digest(),
            origin,
            created_at: now,
            last_used_at: now,
            expires_at: now + self.lifetimes.refresh,
        };
        let tokens = self.tokens(&session, refresh_token)?;
        Ok((session, tokens))
    }

    /// Returns the session with another refresh token and a new lifetime.
    pub(super) fn renew(&self, session: &Session, origin: Origin) -> Result<(Session, Tokens), Error> {
        let now = self.context.now();
        let refresh_token = RefreshToken::new(self.secrets.token());
        let renewed = Session {
            refresh_token_digest: refresh_token.digest(),
            origin,
            last_used_at: now,
            expires_at: now + self.lifetimes.refresh,
            ..*session
        };
        let tokens = self.tokens(&renewed, refresh_token)?;
        Ok((renewed, tokens))
    }

    fn tokens(&self, session: &Session, refresh_token: RefreshToken) -> Result<Tokens, Error> {
        let claims = AccessClaims {
            user_id: session.user_id,
            session_id: session.id,
            token_id: self.context.new_id(),
            issued_at: session.last_used_at,
            expires_at: session.last_used_at + self.lifetimes.access,
        };
        Ok(Tokens {
            access_token: self.access_tokens.issue(&claims).map_err(Error::Internal)?,
            expires_in: self.lifetimes.access,
            refresh_token,
        })
    }
}
