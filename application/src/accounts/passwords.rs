//! Hashing and verifying passwords and codes.

use crate::{Error, FieldError};
use domain::accounts::{
    Email, Password, PasswordHash, PasswordHasher, PasswordStrength, Username, Verification,
};
use secrecy::SecretString;
use std::sync::Arc;

/// Hashes and verifies passwords and codes. Clones share the same ports.
#[derive(Clone)]
pub struct Passwords {
    hasher: Arc<dyn PasswordHasher>,
    strength: Arc<dyn PasswordStrength>,
}

impl Passwords {
    /// Creates the service.
    pub fn new(hasher: Arc<dyn PasswordHasher>, strength: Arc<dyn PasswordStrength>) -> Self {
        Self { hasher, strength }
    }

    /// Hashes a new password of a user. Returns [`Error::InvalidRequest`] for `field` if the password is common.
    pub(super) async fn hash_new(
        &self,
        field: &str,
        password: Password,
        username: &Username,
        email: &Email,
    ) -> Result<PasswordHash, Error> {
        let common = self
            .strength
            .is_common(password.clone(), username.clone(), email.clone());
        if common.await.map_err(Error::Internal)? {
            let message = "must not be a common password or built from the name or address";
            return Err(Error::InvalidRequest(vec![FieldError::new(field, message)]));
        }
        self.hasher.hash(password).await.map_err(Error::Internal)
    }

    /// Compares a password or a code with a hash; without a hash the result is `Wrong` after the same work.
    pub(super) async fn verify(
        &self,
        candidate: SecretString,
        hash: Option<PasswordHash>,
    ) -> Result<Verification, Error> {
        self.hasher.verify(candidate, hash).await.map_err(Error::Internal)
    }
}
