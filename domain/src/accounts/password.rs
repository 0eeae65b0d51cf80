//! Passwords and their hashes. Neither shows itself in a log.

use super::Code;
use secrecy::{ExposeSecret, SecretString};

/// A password that may be chosen: 8 to 128 characters.
#[derive(Debug, Clone)]
pub struct Password(SecretString);

impl Password {
    /// The fewest characters.
    pub const MIN_CHARACTERS: usize = 8;
    /// The most characters.
    pub const MAX_CHARACTERS: usize = 128;

    /// `None` when the text is shorter or longer.
    pub fn parse(text: String) -> Option<Self> {
        let length = text.chars().count();
        (Self::MIN_CHARACTERS..=Self::MAX_CHARACTERS)
            .contains(&length)
            .then(|| Self(text.into()))
    }

    /// The characters, for hashing.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// A code is hashed as a password is: it has as many characters as the shortest.
impl From<&Code> for Password {
    fn from(code: &Code) -> Self {
        Self(code.secret())
    }
}

/// A password hash in PHC string format, salt and costs included.
#[derive(Debug, Clone)]
pub struct PasswordHash(SecretString);

impl PasswordHash {
    /// Takes a PHC string as an adapter made it.
    pub fn new(phc: String) -> Self {
        Self(phc.into())
    }

    /// The PHC string, for storing and comparing.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_has_8_to_128_characters_of_any_kind() {
        assert!(Password::parse("1234567".into()).is_none());
        assert!(Password::parse("пароль 8".into()).is_some());
        assert!(Password::parse("é".repeat(128)).is_some());
        assert!(Password::parse("é".repeat(129)).is_none());
    }

    #[test]
    fn neither_a_password_nor_a_hash_shows_itself() {
        let password = Password::parse("correct horse".into()).expect("a valid password");
        let hash = PasswordHash::new("$argon2id$v=19$secret".into());
        assert!(!format!("{password:?} {hash:?}").contains("horse"));
        assert!(!format!("{hash:?}").contains("argon2id"));
    }
}
