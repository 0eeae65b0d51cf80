//! DTOs of accounts.

mod examples;

use crate::fields::{FieldErrors, RawField};
use application::{
    Error,
    accounts::{Registration, Tokens},
};
use chrono::{DateTime, Utc};
use domain::accounts::{Email, Password, User, Username};
use poem_openapi::{Object, types::Password as PasswordText};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

/// The rule of usernames.
pub const USERNAME_RULE: &str = "must be 3 to 64 letters, digits, _, . or -";
/// The rule of e-mail addresses.
pub const EMAIL_RULE: &str = "must be an e-mail address of at most 254 characters";
/// The rule of new passwords.
pub const PASSWORD_RULE: &str = "must have 8 to 128 characters";

/// A new account.
#[derive(Object)]
#[oai(example = true)]
pub struct RegisterRequest {
    /// 3 to 64 letters, digits, `_`, `.` and `-` of any script; unique without case.
    username: RawField<String>,
    /// At most 254 characters; unique without case.
    email: RawField<String>,
    /// 8 to 128 characters; not a common password.
    password: RawField<PasswordText>,
}

impl RegisterRequest {
    /// The registration; every field that is malformed is named.
    pub fn parse(self) -> Result<Registration, Error> {
        let mut fields = FieldErrors::default();
        let username = fields.required(
            "username",
            self.username,
            |text| Username::parse(&text),
            USERNAME_RULE,
        );
        let email = fields.required("email", self.email, |text| Email::parse(&text), EMAIL_RULE);
        let password = fields.required(
            "password",
            self.password,
            |text| Password::parse(text.0),
            PASSWORD_RULE,
        );
        match (username, email, password) {
            (Some(username), Some(email), Some(password)) => Ok(Registration {
                username,
                email,
                password,
            }),
            _ => Err(fields.into_error()),
        }
    }
}

/// The credentials of a login.
#[derive(Object)]
#[oai(example = true)]
pub struct LoginRequest {
    /// The user name, or the e-mail.
    username: RawField<String>,
    /// The password.
    password: RawField<PasswordText>,
}

impl LoginRequest {
    /// Returns the login and the password, or names the missing fields.
    pub fn parse(self) -> Result<(String, SecretString), Error> {
        let mut fields = FieldErrors::default();
        let username = fields.required(
            "username",
            self.username,
            Some,
            "must be a name or an e-mail address",
        );
        let password = fields.required(
            "password",
            self.password,
            |text| Some(text.0.into()),
            "must be a password",
        );
        username.zip(password).ok_or_else(|| fields.into_error())
    }
}

/// The ID token of a login.
#[derive(Object)]
#[oai(rename = "OidcLogin")]
pub struct OidcLoginRequest {
    /// An ID token for this service: a JSON Web Token of at most 16 KiB.
    id_token: RawField<PasswordText>,
}

impl OidcLoginRequest {
    /// Returns the token, unverified.
    pub fn parse(self) -> Result<SecretString, Error> {
        let mut fields = FieldErrors::default();
        let token = |text: PasswordText| Some(SecretString::from(text.0));
        let token = fields.required("id_token", self.id_token, token, "must be an ID token");
        token.ok_or_else(|| fields.into_error())
    }
}

/// A new name and e-mail.
#[derive(Object)]
#[oai(example = true)]
pub struct ProfileRequest {
    /// 3 to 64 letters, digits, `_`, `.` and `-` of any script; unique without case.
    username: RawField<String>,
    /// At most 254 characters; unique without case.
    email: RawField<String>,
}

impl ProfileRequest {
    /// Name and e-mail; every field that is malformed is named.
    pub fn parse(self) -> Result<(Username, Email), Error> {
        let mut fields = FieldErrors::default();
        let username = fields.required(
            "username",
            self.username,
            |text| Username::parse(&text),
            USERNAME_RULE,
        );
        let email = fields.required("email", self.email, |text| Email::parse(&text), EMAIL_RULE);
        username.zip(email).ok_or_else(|| fields.into_error())
    }
}

/// The tokens of a session.
#[derive(Object)]
#[oai(rename = "Tokens", example = true)]
pub struct TokensDto {
    /// For the `Authorization` header: `Bearer` and this.
    access_token: String,
    /// Always `Bearer`.
    token_type: String,
    /// Seconds until the access token ends.
    expires_in: i64,
    /// Renews the session, once: see `POST /token/refresh`.
    refresh_token: String,
}

impl From<Tokens> for TokensDto {
    fn from(tokens: Tokens) -> Self {
        Self {
            access_token: tokens.access_token.expose_secret().to_owned(),
            token_type: "Bearer".to_owned(),
            expires_in: tokens.expires_in.num_seconds(),
            refresh_token: tokens.refresh_token.expose().to_owned(),
        }
    }
}

/// A user.
#[derive(Object)]
#[oai(rename = "User", example = true)]
pub struct UserDto {
    /// The id of the user, which never changes.
    id: Uuid,
    /// As the user wrote it.
    username: String,
    /// As the user wrote it.
    email: String,
    /// Whether the e-mail is verified.
    email_verified: bool,
    /// Whether the user can log in with a password.
    has_password: bool,
    /// Whether the user can log in with a face.
    has_face: bool,
    /// When the user registered.
    created_at: DateTime<Utc>,
    /// When the name, the e-mail or the password last changed.
    updated_at: DateTime<Utc>,
}

impl From<User> for UserDto {
    fn from(user: User) -> Self {
        Self {
            id: user.id.0,
            username: user.username.as_str().to_owned(),
            email: user.email.as_str().to_owned(),
            email_verified: user.email_verified,
            has_password: user.password_hash.is_some(),
            has_face: user.has_face,
            created_at: user.created_at.to_utc(),
            updated_at: user.updated_at.to_utc(),
        }
    }
}
