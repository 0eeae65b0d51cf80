//! Sessions.

use super::TokenDigest;
use crate::{
    clock::Timestamp,
    ids::{SessionId, UserId},
};

/// From where a request came, as far as its sender says: shown to the owner of a session, and trusted for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The network address.
    pub address: Option<String>,
    /// The program, as it calls itself; at most [`Origin::MAX_USER_AGENT`] characters.
    pub user_agent: Option<String>,
}

impl Origin {
    /// The most characters that are kept of what a program calls itself.
    pub const MAX_USER_AGENT: usize = 255;

    /// What is kept of an address and the name of a program: control characters and what is too long are left out.
    pub fn new(address: Option<String>, user_agent: Option<&str>) -> Self {
        let clean = |text: &str| -> String {
            let shown = text.chars().filter(|character| !character.is_control());
            shown.take(Self::MAX_USER_AGENT).collect()
        };
        Self {
            address,
            user_agent: user_agent.map(clean).filter(|text| !text.is_empty()),
        }
    }
}

/// One login of a user, and the family of refresh tokens that it lives on. Access tokens name their session and die with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Names the session.
    pub id: SessionId,
    /// Who logged in.
    pub user_id: UserId,
    /// What the session's current refresh token hashes to.
    pub refresh_token_digest: TokenDigest,
    /// From where the user logged in or renewed the session last.
    pub origin: Origin,
    /// When the user logged in.
    pub created_at: Timestamp,
    /// When the user logged in or renewed the session last.
    pub last_used_at: Timestamp,
    /// From when on the session counts no more.
    pub expires_at: Timestamp,
}

/// A refresh token that somebody presents, and the living session that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PresentedToken {
    /// It is the current one.
    Current(Session),
    /// It is the one before, which was exchanged for the current one at that moment.
    Previous(Session, Timestamp),
    /// It was exchanged longer ago, and others since.
    Older(Session),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_calls_itself_is_kept_short_and_clean() {
        let origin = Origin::new(None, Some(&format!("curl\n\t{}", "x".repeat(300))));
        let kept = origin.user_agent.expect("a name");
        assert!(kept.starts_with("curlx") && kept.chars().count() == Origin::MAX_USER_AGENT);
        assert_eq!(Origin::new(None, Some("\r\n")).user_agent, None);
    }
}
