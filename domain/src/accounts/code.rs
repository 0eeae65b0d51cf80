//! Codes that users get by mail.

use super::{PasswordHash, User};
use crate::{
    clock::Timestamp,
    ids::{CodeId, UserId},
};
use chrono::TimeDelta;
use secrecy::SecretString;

/// What a code is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodePurpose {
    /// Showing that the address is the user's.
    VerifyEmail,
    /// Choosing another password.
    RecoverPassword,
}

impl CodePurpose {
    const ALL: [Self; 2] = [Self::VerifyEmail, Self::RecoverPassword];

    /// A word for it, for storing and for the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::RecoverPassword => "recover_password",
        }
    }

    /// The purpose of a [`name`](Self::name); `None` when there is none.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.name() == name)
    }
}

/// A code: 8 digits. It does not show itself in a log.
#[derive(Debug, Clone)]
pub struct Code(SecretString);

impl Code {
    /// How many digits a code has.
    pub const DIGITS: usize = 8;

    /// The last 8 digits of a number.
    pub fn from_number(number: u32) -> Self {
        Self(format!("{:08}", number % 100_000_000).into())
    }

    /// `None` when the text is anything but 8 digits.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.len() == Self::DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| Self(text.to_owned().into()))
    }

    /// The digits, for hashing, comparing and the one mail that shows them.
    pub fn secret(&self) -> SecretString {
        self.0.clone()
    }
}

/// What is kept of a code that was mailed. A user has one for each purpose: the latest.
#[derive(Debug, Clone)]
pub struct IssuedCode {
    /// Names the code.
    pub id: CodeId,
    /// Whose it is.
    pub user_id: UserId,
    /// What it is for.
    pub purpose: CodePurpose,
    /// The [key](super::Email::key) of the address that it went to.
    pub email_key: String,
    /// What it hashes to.
    pub hash: PasswordHash,
    /// How often it may still be tried.
    pub attempts_left: u32,
    /// From when on it counts no more.
    pub expires_at: Timestamp,
}

impl IssuedCode {
    /// How often a code may be tried.
    pub const ATTEMPTS: u32 = 5;
    /// How long a code counts.
    pub const LIFETIME: TimeDelta = TimeDelta::minutes(10);

    /// A code with this hash, for the user's address as it is now.
    pub fn new(id: CodeId, user: &User, purpose: CodePurpose, hash: PasswordHash, now: Timestamp) -> Self {
        Self {
            id,
            user_id: user.id,
            purpose,
            email_key: user.email.key().to_owned(),
            hash,
            attempts_left: Self::ATTEMPTS,
            expires_at: now + Self::LIFETIME,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn a_code_is_8_digits_and_nothing_else() {
        assert!(Code::parse("01234567").is_some());
        for text in [
            "",
            "1234567",
            "123456789",
            "1234567a",
            " 1234567",
            "+1234567",
            "１２３４５６７８",
            "٠١٢٣",
        ] {
            assert!(Code::parse(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn a_number_makes_a_code_with_its_zeros() {
        for (number, digits) in [(0, "00000000"), (42, "00000042"), (4_199_999_999, "99999999")] {
            assert_eq!(Code::from_number(number).secret().expose_secret(), digits);
        }
    }

    #[test]
    fn a_code_does_not_show_itself() {
        assert!(!format!("{:?}", Code::from_number(31_415_926)).contains("3141"));
    }

    #[test]
    fn names_lead_back_to_their_purposes() {
        for purpose in CodePurpose::ALL {
            assert_eq!(CodePurpose::from_name(purpose.name()), Some(purpose));
        }
        assert_eq!(CodePurpose::from_name("nothing"), None);
    }
}
