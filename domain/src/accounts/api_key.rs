//! API keys.

use super::TokenDigest;
use crate::{
    clock::Timestamp,
    ids::{ApiKeyId, UserId},
};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// What every API key begins with, so that it is known as one wherever it turns up.
const MARK: &str = "oc_";
/// How many characters of a key are shown in lists, the mark included.
const PREFIX_LENGTH: usize = 11;

/// The secret of an API key: `oc_` and 256 random bits in base64url.
#[derive(Debug, Clone)]
pub struct ApiKeySecret(SecretString);

impl ApiKeySecret {
    /// Makes a key of a secret of at least 256 random bits.
    pub fn new(token: &SecretString) -> Self {
        Self(format!("{MARK}{}", token.expose_secret()).into())
    }

    /// What somebody presents as a key; `None` when it cannot be one.
    pub fn presented(text: &str) -> Option<Self> {
        text.starts_with(MARK).then(|| Self(text.to_owned().into()))
    }

    /// The characters, for the one answer that shows them.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The part by which its owner knows it again.
    pub fn prefix(&self) -> String {
        self.expose().chars().take(PREFIX_LENGTH).collect()
    }

    /// What is stored of it.
    pub fn digest(&self) -> TokenDigest {
        TokenDigest(Sha256::digest(self.expose().as_bytes()).into())
    }
}

/// The name that a user gives a key: 1 to 64 characters, none of them a control character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyName(String);

impl ApiKeyName {
    /// `None` when the text is empty, too long or holds control characters. Blanks around it are dropped.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits = (1..=64).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        fits.then(|| Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A key with which a program acts for its user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Names the key.
    pub id: ApiKeyId,
    /// Whose it is.
    pub user_id: UserId,
    /// What its owner calls it.
    pub name: ApiKeyName,
    /// The part by which its owner knows it again.
    pub prefix: String,
    /// What it hashes to.
    pub digest: TokenDigest,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was used last, within a minute.
    pub last_used_at: Option<Timestamp>,
    /// From when on it counts no more.
    pub expires_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_by_its_mark_and_shown_by_its_beginning() {
        let secret = ApiKeySecret::new(&"abcdefghijklmnop".to_owned().into());
        assert_eq!(secret.expose(), "oc_abcdefghijklmnop");
        assert_eq!(secret.prefix(), "oc_abcdefgh");
        let again = ApiKeySecret::presented(secret.expose()).expect("a key");
        assert_eq!(again.digest(), secret.digest());
        assert!(ApiKeySecret::presented("eyJhbGciOiJFZERTQSJ9").is_none());
    }

    #[test]
    fn a_name_is_short_and_visible() {
        assert_eq!(
            ApiKeyName::parse(" backup ").map(|name| name.as_str().to_owned()),
            Some("backup".into())
        );
        for text in ["", "  ", "a\nb", &"k".repeat(65)] {
            assert_eq!(ApiKeyName::parse(text), None, "{text:?}");
        }
    }
}
