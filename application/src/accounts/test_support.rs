//! Fixtures of the unit tests of accounts.

use super::Passwords;
use crate::{fixtures, test_context::TestContext};
use chrono::TimeDelta;
use domain::{
    accounts::{
        CodePurpose, IssuedCode, MockPasswordHasher, MockPasswordStrength, OutgoingMail, Password,
        PasswordHash, Verification,
    },
    clock::Clock,
    ids::{CodeId, UserId},
};
use secrecy::ExposeSecret;
use std::sync::Arc;
use uuid::Uuid;

/// The only password that is common.
pub(super) const COMMON_PASSWORD: &str = "a common phrase";
/// A code whose hash is in [`issued_code`].
pub(super) const CODE: &str = "31415926";

pub(super) fn password(text: &str) -> Password {
    Password::parse(text.into()).expect("a valid password")
}

/// The hash of [`passwords`].
pub(super) fn hash(text: &str) -> PasswordHash {
    PasswordHash::new(format!("hash of {text}"))
}

/// Hashes to [`hash`]. Common passwords must not be hashed.
pub(super) fn hasher() -> MockPasswordHasher {
    let mut hasher = MockPasswordHasher::new();
    hasher
        .expect_hash()
        .withf(|password| password.expose() != COMMON_PASSWORD)
        .returning(|password| Ok(hash(password.expose())));
    hasher.expect_verify().returning(|candidate, stored| {
        let right = stored.is_some_and(|stored| stored.expose() == hash(candidate.expose_secret()).expose());
        Ok(if right {
            Verification::Right
        } else {
            Verification::Wrong
        })
    });
    hasher
}

pub(super) fn passwords() -> Passwords {
    passwords_with(hasher())
}

pub(super) fn passwords_with(hasher: MockPasswordHasher) -> Passwords {
    let mut strength = MockPasswordStrength::new();
    strength
        .expect_is_common()
        .returning(|password, _, _| Ok(password.expose() == COMMON_PASSWORD));
    Passwords::new(Arc::new(hasher), Arc::new(strength))
}

/// Ada's code [`CODE`].
pub(super) fn issued_code(purpose: CodePurpose) -> IssuedCode {
    let id = CodeId(Uuid::from_u128(13));
    IssuedCode::new(id, &fixtures::ada(), purpose, hash(CODE), fixtures::now())
}

impl TestContext {
    /// Claims the mails that are due.
    pub(super) async fn due_mails(&self) -> Vec<OutgoingMail> {
        let now = self.clock.now();
        self.write(async |tx| {
            let mut due = Vec::new();
            while let Some(mail) = tx.outgoing_mails().claim(now, now + TimeDelta::days(9)).await? {
                due.push(mail);
            }
            Ok(due)
        })
        .await
    }

    /// Adds [`issued_code`] for these purposes.
    pub(super) async fn with_codes<const N: usize>(self, purposes: [CodePurpose; N]) -> Self {
        for purpose in purposes {
            self.write(async |tx| tx.codes().put(&issued_code(purpose)).await)
                .await;
        }
        self
    }

    /// The number of attempts left of the user's code; `None` if there is none.
    pub(super) async fn attempts_left(&self, user: UserId, purpose: CodePurpose) -> Option<u32> {
        let now = self.clock.now();
        let tried = self.write(async |tx| {
            let tried = tx.codes().take_attempt(user, purpose, now).await?;
            if let Some(code) = &tried {
                tx.codes().return_attempt(code).await?;
            }
            Ok(tried)
        });
        tried.await.map(|code| code.attempts_left + 1)
    }
}
