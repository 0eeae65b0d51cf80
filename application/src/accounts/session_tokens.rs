//! Sessions and the tokens that stand for them.

use crate::Error;
use chrono::TimeDelta;
use domain::{
    accounts::{AccessClaims, AccessTokens, Origin, RefreshToken, SecretGenerator, Session},
    clock::Clock,
    ids::{IdGenerator, SessionId, UserId},
};
use secrecy::SecretString;
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
    /// An opaque token that renews the session once.
    pub refresh_token: RefreshToken,
}

/// Makes sessions with their tokens; nothing is stored yet.
pub struct SessionTokens {
    /// Signs access tokens.
    pub access_tokens: Arc<dyn AccessTokens>,
    /// Makes refresh tokens.
    pub secrets: Arc<dyn SecretGenerator>,
    /// When a session begins.
    pub clock: Arc<dyn Clock>,
    /// Names sessions and tokens.
    pub ids: Arc<dyn IdGenerator>,
    /// How long tokens count.
    pub lifetimes: TokenLifetimes,
}

impl SessionTokens {
    /// A new session of a user.
    pub(super) fn open(&self, user: UserId, origin: Origin) -> Result<(Session, Tokens), Error> {
        let now = self.clock.now();
        let refresh_token = RefreshToken::new(self.secrets.token());
        let session = Session {
            id: SessionId(self.ids.next()),
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

    /// A session with another refresh token, from now on.
    pub(super) fn renew(&self, session: &Session, origin: Origin) -> Result<(Session, Tokens), Error> {
        let now = self.clock.now();
        let refresh_token = RefreshToken::new(self.secrets.token());
        let renewed = Session {
            refresh_token_digest: refresh_token.digest(),
            origin,
            last_used_at: now,
            expires_at: now + self.lifetimes.refresh,
            ..session.clone()
        };
        let tokens = self.tokens(&renewed, refresh_token)?;
        Ok((renewed, tokens))
    }

    fn tokens(&self, session: &Session, refresh_token: RefreshToken) -> Result<Tokens, Error> {
        let claims = AccessClaims {
            user_id: session.user_id,
            session_id: session.id,
            token_id: self.ids.next(),
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
