//! Users.

use super::{Email, PasswordHash, Username};
use crate::{clock::Timestamp, ids::UserId, named_enum};

named_enum! {
    /// What a user may do.
    pub enum Role {
        /// Manages their own account.
        User = "user",
        /// Also manages the accounts of others.
        Admin = "admin",
    }
}

/// A person or program with an account.
#[derive(Debug, Clone)]
pub struct User {
    /// The id, which never changes.
    pub id: UserId,
    /// Unique without case.
    pub username: Username,
    /// Unique without case.
    pub email: Email,
    /// Whether the user has shown that the address is theirs.
    pub email_verified: bool,
    /// `None` for a user without a password.
    pub password_hash: Option<PasswordHash>,
    /// Whether the user has enrolled a face.
    pub has_face: bool,
    /// What the user may do.
    pub role: Role,
    /// Since when the account is disabled: logins, sessions and API keys are rejected.
    pub disabled_at: Option<Timestamp>,
    /// When the user registered.
    pub created_at: Timestamp,
    /// When the username, the address or the password last changed.
    pub updated_at: Timestamp,
}

impl User {
    /// Creates a user without a password or a face, whose address is unverified.
    pub fn new(id: UserId, username: Username, email: Email, now: Timestamp) -> Self {
        Self {
            id,
            username,
            email,
            email_verified: false,
            password_hash: None,
            has_face: false,
            role: Role::User,
            disabled_at: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// Sets the username and the address. A changed address is unverified again.
    pub fn rename(&mut self, username: Username, email: Email, now: Timestamp) {
        self.email_verified &= email == self.email;
        self.username = username;
        self.email = email;
        self.updated_at = now;
    }
}

/// A part of a username or an address, compared without case; 1 to 254 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserSearch(String);

impl UserSearch {
    /// Returns `None` if the text is empty, too long or holds control characters. Surrounding blanks are removed.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits =
            (1..=Email::MAX_BYTES).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        fits.then(|| Self(text.to_owned()))
    }

    /// Returns the part that the [key](Username::key) of a username must contain.
    pub fn username_part(&self) -> String {
        Username::key_of(&self.0)
    }

    /// Returns the part that the [key](Email::key) of an address must contain.
    pub fn email_part(&self) -> String {
        Email::key_of(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    fn user() -> User {
        let then = Timestamp::new(DateTime::UNIX_EPOCH);
        let username = Username::parse("ada").expect("a valid name");
        let email = Email::parse("ada@example.org").expect("a valid address");
        User {
            email_verified: true,
            ..User::new(UserId(uuid::Uuid::nil()), username, email, then)
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
    fn a_search_uses_the_keys_of_usernames_and_addresses() {
        let search = UserSearch::parse(" ﬁNN ").expect("a valid search");
        assert_eq!(search.username_part(), "finn");
        let search = UserSearch::parse("@Example").expect("a valid search");
        assert_eq!(search.email_part(), "@example");
        for text in ["", " ", "a\0b", &"x".repeat(255)] {
            assert_eq!(UserSearch::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_same_address_in_another_case_stays_verified() {
        let user = renamed("ADA@example.org");
        assert!(user.email_verified);
        assert_eq!(user.email.as_str(), "ADA@example.org");
        assert!(user.updated_at > user.created_at);
    }
}
