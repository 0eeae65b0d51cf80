//! Tokens.

use crate::{
    clock::Timestamp,
    ids::{SessionId, UserId},
};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// What an access token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessClaims {
    /// The user (`sub`).
    pub user_id: UserId,
    /// The session that the token lives and dies with (`sid`).
    pub session_id: SessionId,
    /// Names the token (`jti`).
    pub token_id: Uuid,
    /// When it was made (`iat`), to the second.
    pub issued_at: Timestamp,
    /// When it ends (`exp`), to the second.
    pub expires_at: Timestamp,
}

/// The token is malformed, expired, of another kind, or not signed by this service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token is not valid")]
pub struct InvalidToken;

/// An opaque secret that a session is renewed with; only its digest is stored.
#[derive(Debug, Clone)]
pub struct RefreshToken(SecretString);

/// The SHA-256 digest of a token. The token has 256 random bits, so no salt or slow hash is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenDigest(pub [u8; 32]);

impl RefreshToken {
    /// Takes a secret of at least 256 random bits.
    pub fn new(secret: SecretString) -> Self {
        Self(secret)
    }

    /// The characters, for the one answer that shows them.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// What is stored of it.
    pub fn digest(&self) -> TokenDigest {
        TokenDigest(Sha256::digest(self.expose().as_bytes()).into())
    }
}
