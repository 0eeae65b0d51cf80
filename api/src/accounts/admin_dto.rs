//! What requests and answers of admins look like.

use super::dto::UserDto;
use crate::{
    fields::{FieldErrors, RawField},
    paging::write_cursor,
};
use application::Error;
use chrono::{DateTime, Utc};
use domain::{
    accounts::{Role, User, UserSearch},
    clock::Timestamp,
    page::Page,
};
use poem_openapi::{Enum, Object};

/// The part of a name or an e-mail that a list is limited to.
pub fn parse_search(search: Option<RawField<String>>) -> Result<Option<UserSearch>, Error> {
    let mut fields = FieldErrors::default();
    let rule = "must have 1 to 254 visible characters";
    let search = fields.optional("q", search, |text| UserSearch::parse(&text), rule);
    fields.finish()?;
    Ok(search)
}

/// Whether a user is let in.
#[derive(Object)]
#[oai(rename = "UserAccess")]
pub struct AccessRequest {
    /// Whether the account is shut.
    disabled: RawField<bool>,
}

impl AccessRequest {
    /// Whether the account is to be shut.
    pub fn parse(self) -> Result<bool, Error> {
        let mut fields = FieldErrors::default();
        let disabled = fields.required("disabled", self.disabled, Some, "must be true or false");
        disabled.ok_or_else(|| fields.into_error())
    }
}

/// What a user may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case", rename = "Role")]
enum RoleDto {
    /// What concerns himself.
    User,
    /// What concerns the others, too.
    Admin,
}

impl From<Role> for RoleDto {
    fn from(role: Role) -> Self {
        match role {
            Role::User => Self::User,
            Role::Admin => Self::Admin,
        }
    }
}

/// A user as admins see him.
#[derive(Object)]
#[oai(rename = "ManagedUser")]
pub struct ManagedUserDto {
    #[oai(flatten)]
    user: UserDto,
    /// What the user may do.
    role: RoleDto,
    /// Since when the account is shut; absent where it is open.
    #[oai(skip_serializing_if_is_none)]
    disabled_at: Option<DateTime<Utc>>,
}

impl From<User> for ManagedUserDto {
    fn from(user: User) -> Self {
        Self {
            role: user.role.into(),
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
