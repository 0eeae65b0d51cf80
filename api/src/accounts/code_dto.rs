//! DTOs of mailed codes.

use super::dto::{EMAIL_RULE, PASSWORD_RULE};
use crate::fields::{FieldErrors, RawField};
use application::Error;
use domain::accounts::{Code, Email, Password};
use poem_openapi::{Object, types::Password as PasswordText};

const CODE_RULE: &str = "must be 8 digits";

/// The e-mail to mail a code to.
#[derive(Object)]
#[oai(rename = "CodeWish")]
pub struct CodeWish {
    /// The e-mail, in any case.
    email: RawField<String>,
}

impl CodeWish {
    /// The e-mail.
    pub fn parse(self) -> Result<Email, Error> {
        let mut fields = FieldErrors::default();
        let email = fields.required("email", self.email, |text| Email::parse(&text), EMAIL_RULE);
        email.ok_or_else(|| fields.into_error())
    }
}

/// A code that verifies an e-mail.
#[derive(Object)]
#[oai(rename = "EmailVerification")]
pub struct VerificationRequest {
    /// The e-mail that the code was mailed to, in any case.
    email: RawField<String>,
    /// The 8 digits.
    code: RawField<String>,
}

impl VerificationRequest {
    /// E-mail and code; every field that is malformed is named.
    pub fn parse(self) -> Result<(Email, Code), Error> {
        let mut fields = FieldErrors::default();
        let email = fields.required("email", self.email, |text| Email::parse(&text), EMAIL_RULE);
        let code = fields.required("code", self.code, |text| Code::parse(&text), CODE_RULE);
        email.zip(code).ok_or_else(|| fields.into_error())
    }
}

/// A code that resets the password, and the new password.
#[derive(Object)]
#[oai(rename = "PasswordReset")]
pub struct ResetRequest {
    /// The e-mail that the code was mailed to, in any case.
    email: RawField<String>,
    /// The 8 digits.
    code: RawField<String>,
    /// 8 to 128 characters; not a common password.
    new_password: RawField<PasswordText>,
}

impl ResetRequest {
    /// E-mail, code and password; every field that is malformed is named.
    pub fn parse(self) -> Result<(Email, Code, Password), Error> {
        let mut fields = FieldErrors::default();
        let email = fields.required("email", self.email, |text| Email::parse(&text), EMAIL_RULE);
        let code = fields.required("code", self.code, |text| Code::parse(&text), CODE_RULE);
        let new = |text: PasswordText| Password::parse(text.0);
        let new = fields.required("new_password", self.new_password, new, PASSWORD_RULE);
        match (email, code, new) {
            (Some(email), Some(code), Some(new)) => Ok((email, code, new)),
            _ => Err(fields.into_error()),
        }
    }
}
