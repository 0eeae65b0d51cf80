//! What requests and answers of logins look like.

use super::dto::PASSWORD_RULE;
use crate::{
    fields::{FieldErrors, RawField},
    paging::write_cursor,
};
use application::Error;
use chrono::{DateTime, Utc};
use domain::{
    accounts::{Password, RefreshToken, Session},
    ids::SessionId,
    page::Page,
};
use poem_openapi::{Object, types::Password as PasswordText};
use secrecy::SecretString;
use uuid::Uuid;

/// A refresh token.
#[derive(Object)]
#[oai(rename = "RefreshToken")]
pub struct RefreshRequest {
    /// The token, as a login or the last renewal gave it.
    refresh_token: RawField<PasswordText>,
}

impl RefreshRequest {
    /// The token, whatever it is.
    pub fn parse(self) -> Result<RefreshToken, Error> {
        let mut fields = FieldErrors::default();
        let token = |text: PasswordText| Some(RefreshToken::new(text.0.into()));
        let token = fields.required(
            "refresh_token",
            self.refresh_token,
            token,
            "must be a refresh token",
        );
        token.ok_or_else(|| fields.into_error())
    }
}

/// Another password.
#[derive(Object)]
#[oai(rename = "PasswordChange")]
pub struct PasswordRequest {
    /// The password as it is.
    current_password: RawField<PasswordText>,
    /// 8 to 128 characters; not a common password.
    new_password: RawField<PasswordText>,
}

impl PasswordRequest {
    /// Both passwords; every field that is malformed is named.
    pub fn parse(self) -> Result<(SecretString, Password), Error> {
        let mut fields = FieldErrors::default();
        let text = |text: PasswordText| Some(SecretString::from(text.0));
        let current = fields.required(
            "current_password",
            self.current_password,
            text,
            "must be a password",
        );
        let new = |text: PasswordText| Password::parse(text.0);
        let new = fields.required("new_password", self.new_password, new, PASSWORD_RULE);
        current.zip(new).ok_or_else(|| fields.into_error())
    }
}

/// A login that still counts.
#[derive(Object)]
#[oai(rename = "Session")]
pub struct SessionDto {
    /// Names the session.
    id: Uuid,
    /// When the user logged in.
    created_at: DateTime<Utc>,
    /// When the user logged in or renewed the session last.
    last_used_at: DateTime<Utc>,
    /// From which address that was.
    #[oai(skip_serializing_if_is_none)]
    address: Option<String>,
    /// With which program that was, by its own account.
    #[oai(skip_serializing_if_is_none)]
    user_agent: Option<String>,
    /// Whether it is the one that asks.
    current: bool,
}

/// A page of sessions.
#[derive(Object)]
#[oai(rename = "SessionPage")]
pub struct SessionPageDto {
    /// Newest first.
    items: Vec<SessionDto>,
    /// The `cursor` of the next page; absent on the last.
    #[oai(skip_serializing_if_is_none)]
    next_cursor: Option<String>,
}

impl SessionPageDto {
    /// A page as the session `current` sees it.
    pub fn new(page: Page<Session>, current: SessionId) -> Self {
        let item = |session: Session| SessionDto {
            id: session.id.0,
            created_at: session.created_at.to_utc(),
            last_used_at: session.last_used_at.to_utc(),
            address: session.origin.address,
            user_agent: session.origin.user_agent,
            current: session.id == current,
        };
        Self {
            items: page.items.into_iter().map(item).collect(),
            next_cursor: page.next.map(write_cursor),
        }
    }
}
