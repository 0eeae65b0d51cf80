//! Codes that are mailed to users.

use super::{PasswordHash, User};
use crate::{
    clock::Timestamp,
    ids::{CodeId, UserId},
    named_enum,
};
use chrono::TimeDelta;
use secrecy::SecretString;

named_enum! {
    /// What a code is for.
    pub enum CodePurpose {
        /// Verifying the user's e-mail address.
        VerifyEmail = "verify_email",
        /// Resetting the user's password.
        RecoverPassword = "recover_password",
    }
}

/// A code of 8 digits. Its `Debug` output hides them.
#[derive(Debug, Clone)]
pub struct Code(SecretString);

impl Code {
    /// The number of digits.
    pub const DIGITS: usize = 8;

    /// Takes the last 8 digits of a number.
    pub fn from_number(number: u32) -> Self {
        Self(format!("{:08}", number % 100_000_000).into())
    }

    /// Returns `None` unless the text is 8 digits.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.len() == Self::DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| Self(text.to_owned().into()))
    }

    /// Returns the digits, for hashing, verifying and the mail.
    pub fn secret(&self) -> SecretString {
        self.0.clone()
    }
}

/// A mailed code as it is stored: hashed. A user has at most one for each purpose, the latest.
#[derive(Debug, Clone)]
pub struct IssuedCode {
    /// The id.
    pub id: CodeId,
    /// The user it was mailed to.
    pub user_id: UserId,
    /// What it is for.
    pub purpose: CodePurpose,
    /// The [key](super::Email::key) of the address it was mailed to.
    pub email_key: String,
    /// The hash of the code.
    pub hash: PasswordHash,
    /// The number of attempts left.
    pub attempts_left: u32,
    /// When it expires.
    pub expires_at: Timestamp,
}

impl IssuedCode {
    /// The number of attempts a code allows.
    pub const ATTEMPTS: u32 = 5;
    /// How long a code is valid.
    pub const LIFETIME: TimeDelta = TimeDelta::minutes(10);

    /// Issues a code with this hash for the user's current address.
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
    fn debug_output_hides_the_code() {
        assert!(!format!("{:?}", Code::from_number(31_415_926)).contains("3141"));
    }
}
