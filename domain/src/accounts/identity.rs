//! Who a user is to an OpenID provider.

use super::Email;
use crate::{BoxError, clock::Timestamp, ids::UserId};

/// Who somebody is to an issuer of ID tokens, which never gives the same subject to another. Issuer and subject have 1 to
/// 255 characters each, none of them a control character, and are compared as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    issuer: String,
    subject: String,
}

impl Identity {
    /// The most characters of the issuer and of the subject (OpenID Connect Core 1.0, 2).
    pub const MAX_CHARACTERS: usize = 255;

    /// `None` when either is empty, too long or holds a control character.
    pub fn new(issuer: &str, subject: &str) -> Option<Self> {
        let fits = |text: &str| {
            (1..=Self::MAX_CHARACTERS).contains(&text.chars().count()) && !text.chars().any(char::is_control)
        };
        (fits(issuer) && fits(subject)).then(|| Self {
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
        })
    }

    /// Who knows the user: the `iss` of the token.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The user's name there, for good: the `sub` of the token.
    pub fn subject(&self) -> &str {
        &self.subject
    }
}

/// An identity that a user logs in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedIdentity {
    /// Who the user is to the issuer.
    pub identity: Identity,
    /// Whose it is.
    pub user_id: UserId,
    /// When it was linked.
    pub created_at: Timestamp,
    /// When the user logged in with it last.
    pub last_used_at: Timestamp,
}

/// What an issuer says of somebody in an ID token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityClaims {
    /// Who it is.
    pub identity: Identity,
    /// The address, if the issuer says that it was shown to be his.
    pub verified_email: Option<Email>,
    /// What he is called there.
    pub name: Option<String>,
}

/// Why an ID token tells nothing.
#[derive(Debug, thiserror::Error)]
pub enum IdTokenError {
    /// It is malformed, expired, of another kind, meant for somebody else, or not signed by an issuer that is configured.
    #[error("the ID token is not valid")]
    Invalid,
    /// No issuer is configured.
    #[error("no issuer of ID tokens is configured")]
    NoIssuer,
    /// The keys of its issuer cannot be had; trying again later may help.
    #[error("the keys of the issuer cannot be had")]
    Unavailable(#[source] BoxError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_short_and_visible() {
        assert!(Identity::new("https://issuer.example", &"é".repeat(255)).is_some());
        for (issuer, subject) in [
            ("", "1"),
            ("https://issuer.example", ""),
            ("https://issuer.example", "1\n2"),
            ("https://issuer.example\n", "1"),
            ("https://issuer.example", "1\0"),
            ("https://issuer.example", &"1".repeat(256)),
            (&"i".repeat(256), "1"),
        ] {
            assert_eq!(Identity::new(issuer, subject), None, "{issuer:?} {subject:?}");
        }
    }
}
