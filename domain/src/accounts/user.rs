//! Users.

use super::{Email, PasswordHash, Username};
use crate::{clock::Timestamp, ids::UserId};

/// What a user may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// What concerns himself.
    User,
    /// What concerns the others, too.
    Admin,
}

impl Role {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
        }
    }

    /// The role of this name; `None` when there is none.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::User, Self::Admin]
            .into_iter()
            .find(|role| role.name() == name)
    }
}

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
    /// Whether the user has enrolled a face.
    pub has_face: bool,
    /// What the user may do.
    pub role: Role,
    /// Since when the account is shut: nobody is let in, and nothing that was given out for it counts.
    pub disabled_at: Option<Timestamp>,
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

/// What users are looked for by: a part of their names or addresses, without case; 1 to 254 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserSearch(String);

impl UserSearch {
    /// `None` when the text is empty, too long or holds control characters. Blanks around it are dropped.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits =
            (1..=Email::MAX_BYTES).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        fits.then(|| Self(text.to_owned()))
    }

    /// What a name's [key](Username::key) must hold.
    pub fn username_part(&self) -> String {
        Username::key_of(&self.0)
    }

    /// What an address's [key](Email::key) must hold.
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
        User {
            id: UserId(uuid::Uuid::nil()),
            username: Username::parse("ada").expect("a valid name"),
            email: Email::parse("ada@example.org").expect("a valid address"),
            email_verified: true,
            password_hash: None,
            has_face: false,
            role: Role::User,
            disabled_at: None,
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
    fn users_are_looked_for_by_what_names_and_addresses_are_compared_by() {
        let search = UserSearch::parse(" ﬁNN ").expect("a valid search");
        assert_eq!(search.username_part(), "finn");
        let search = UserSearch::parse("@Example").expect("a valid search");
        assert_eq!(search.email_part(), "@example");
        for text in ["", " ", "a\0b", &"x".repeat(255)] {
            assert_eq!(UserSearch::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_role_is_found_by_its_name() {
        for role in [Role::User, Role::Admin] {
            assert_eq!(Role::from_name(role.name()), Some(role));
        }
        assert_eq!(Role::from_name("root"), None);
    }

    #[test]
    fn the_same_address_in_another_case_stays_verified() {
        let user = renamed("ADA@example.org");
        assert!(user.email_verified);
        assert_eq!(user.email.as_str(), "ADA@example.org");
        assert!(user.updated_at > user.created_at);
    }
}
