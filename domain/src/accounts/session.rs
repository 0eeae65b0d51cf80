//! Sessions.

use super::TokenDigest;
use crate::{
    clock::Timestamp,
    ids::{SessionId, UserId},
};

/// One login of a user. Access tokens name their session and die with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Names the session.
    pub id: SessionId,
    /// Who logged in.
    pub user_id: UserId,
    /// What the session's refresh token hashes to.
    pub refresh_token_digest: TokenDigest,
    /// When the user logged in.
    pub created_at: Timestamp,
    /// From when on the session counts no more.
    pub expires_at: Timestamp,
}
