//! DTOs of user administration.

use super::dto::UserDto;
use crate::{
    fields::{FieldErrors, RawField},
    named::Name,
    paging::write_cursor,
};
use application::Error;
use chrono::{DateTime, Utc};
use domain::{
    accounts::{Role, User, UserSearch},
    clock::Timestamp,
    page::Page,
};
use poem_openapi::Object;

/// Parses the part of a username or an e-mail address that a list is filtered by.
pub fn parse_search(search: Option<RawField<String>>) -> Result<Option<UserSearch>, Error> {
    let mut fields = FieldErrors::default();
    let rule = "must have 1 to 254 visible characters";
    let search = fields.optional("q", search, |text| UserSearch::parse(&text), rule);
    fields.finish()?;
    Ok(search)
}

/// Whether a user is disabled.
#[derive(Object)]
#[oai(rename = "UserAccess")]
pub struct AccessRequest {
    /// Whether the account is disabled.
    disabled: RawField<bool>,
}

impl AccessRequest {
    /// Returns whether the account is to be disabled.
    pub fn parse(self) -> Result<bool, Error> {
        let mut fields = FieldErrors::default();
        let disabled = fields.required("disabled", self.disabled, Some, "must be true or false");
        disabled.ok_or_else(|| fields.into_error())
    }
}

/// A user as admins see it.
#[derive(Object)]
#[oai(rename = "ManagedUser")]
pub struct ManagedUserDto {
    #[oai(flatten)]
    user: UserDto,
    /// What the user may do.
    role: Name<Role>,
    /// Since when the account is disabled; absent if it is enabled.
    #[oai(skip_serializing_if_is_none)]
    disabled_at: Option<DateTime<Utc>>,
}

impl From<User> for ManagedUserDto {
    fn from(user: User) -> Self {
        Self {
            role: Name(user.role),
            disabled_at: user.disabled_at.map(Timestamp::to_utc),
            user: user.into(),
        }
    }
}

/// A page of users.
#[derive(Object)]
#[oai(rename = "ManagedUserPage")]
pub struct ManagedUserPageDto {
    /// Newest first.
    items: Vec<ManagedUserDto>,
    /// The `cursor` of the next page; absent on the last.
    #[oai(skip_serializing_if_is_none)]
    next_cursor: Option<String>,
}

impl From<Page<User>> for ManagedUserPageDto {
    fn from(page: Page<User>) -> Self {
        Self {
            items: page.items.into_iter().map(ManagedUserDto::from).collect(),
            next_cursor: page.next.map(write_cursor),
        }
    }
}
