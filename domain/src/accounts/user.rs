//! Users.

use super::{Email, PasswordHash, Username};
use crate::{clock::Timestamp, ids::UserId};

/// A person or program with an account.
#[derive(Debug, Clone)]
pub struct User {
    /// Names the user for good.
    pub id: UserId,
    /// Unique without case.
    pub username: Username,
    /// Unique without case.
    pub email: Email,
    /// Whether the address was shown to be the user's.
    pub email_verified: bool,
    /// `None` for a user who has no password.
    pub password_hash: Option<PasswordHash>,
    /// When the user registered.
    pub created_at: Timestamp,
    /// When name, address or password changed last.
    pub updated_at: Timestamp,
}

impl User {
    /// Takes another name and address. A changed address is unverified again.
    pub fn rename(&mut self, username: Username, email: Email, now: Timestamp) {
        self.email_verified &= email == self.email;
        self.username = username;
        self.email = email;
        self.updated_at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    fn user() -> User {
        let then = Timestamp::new(DateTime::UNIX_EPOCH);
        User {
            id: UserId(uuid::Uuid::nil()),
            username: Username::parse("ada").expect("a valid name"),
            email: Email::parse("ada@example.org").expect("a valid address"),
            email_verified: true,
            password_hash: None,
            created_at: then,
            updated_at: then,
        }
    }

    fn renamed(email: &str) -> User {
        let mut user = user();
        let later = user.created_at + chrono::TimeDelta::seconds(1);
        let username = Username::parse("Lovelace").expect("a valid name");
        user.rename(username, Email::parse(email).expect("a valid address"), later);
        user
    }

    #[test]
    fn a_changed_address_is_unverified_again() {
        assert!(!renamed("lovelace@example.org").email_verified);
    }

    #[test]
    fn the_same_address_in_another_case_stays_verified() {
        let user = renamed("ADA@example.org");
        assert!(user.email_verified);
        assert_eq!(user.email.as_str(), "ADA@example.org");
        assert!(user.updated_at > user.created_at);
    }
}
