//! What a new password must be, beyond its form.

use crate::{Error, FieldError};
use domain::accounts::{Email, Password, PasswordStrength, Username};

/// [`Error::InvalidRequest`] that names `field` when the password is among the first that an attacker tries.
pub(super) async fn refuse_common(
    strength: &dyn PasswordStrength,
    field: &str,
    password: &Password,
    username: &Username,
    email: &Email,
) -> Result<(), Error> {
    let common = strength.is_common(password.clone(), username.clone(), email.clone());
    if common.await.map_err(Error::Internal)? {
        let message = "must not be a common password or built from the name or address";
        return Err(Error::InvalidRequest(vec![FieldError::new(field, message)]));
    }
    Ok(())
}
