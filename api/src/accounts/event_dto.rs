//! What answers about events of accounts look like.

use crate::paging::write_cursor;
use chrono::{DateTime, Utc};
use domain::{
    accounts::{EventKind, SecurityEvent},
    page::Page,
};
use poem_openapi::{Enum, Object};
use uuid::Uuid;

/// What happened to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case", rename = "EventKind")]
enum Kind {
    /// The account was made.
    Registered,
    /// A session was opened.
    LoggedIn,
    /// A login was refused.
    LoginFailed,
    /// Too many logins failed: for a while more are refused, save from where the user logged in before.
    LoginThrottled,
    /// A session was ended with its refresh token.
    LoggedOut,
    /// A refresh token was used a second time, which ended its session.
    RefreshReused,
    /// A session was ended from another, or from itself.
    SessionEnded,
    /// The password is another.
    PasswordChanged,
    /// Another password was refused, for the current one was wrong.
    PasswordChangeFailed,
    /// A code was asked for to choose another password.
    RecoveryRequested,
    /// Another password was chosen with a code.
    PasswordReset,
    /// Name or e-mail were written anew.
    ProfileChanged,
    /// The e-mail was shown to be the user's.
    EmailVerified,
    /// An account elsewhere may log in to this one.
    IdentityLinked,
    /// A face was enrolled to log in with.
    FaceEnrolled,
    /// The face was removed.
    FaceDeleted,
    /// An API key was made.
    ApiKeyCreated,
    /// An API key was withdrawn.
    ApiKeyDeleted,
    /// The user became an admin.
    Promoted,
    /// An admin shut the account.
    Disabled,
    /// An admin opened it again.
    Enabled,
    /// The account is gone.
    AccountDeleted,
}

impl From<EventKind> for Kind {
    fn from(kind: EventKind) -> Self {
        match kind {
            EventKind::Registered => Self::Registered,
            EventKind::LoggedIn => Self::LoggedIn,
            EventKind::LoginFailed => Self::LoginFailed,
            EventKind::LoginThrottled => Self::LoginThrottled,
            EventKind::LoggedOut => Self::LoggedOut,
            EventKind::RefreshReused => Self::RefreshReused,
            EventKind::SessionEnded => Self::SessionEnded,
            EventKind::PasswordChanged => Self::PasswordChanged,
            EventKind::PasswordChangeFailed => Self::PasswordChangeFailed,
            EventKind::RecoveryRequested => Self::RecoveryRequested,
            EventKind::PasswordReset => Self::PasswordReset,
            EventKind::ProfileChanged => Self::ProfileChanged,
            EventKind::EmailVerified => Self::EmailVerified,
            EventKind::IdentityLinked => Self::IdentityLinked,
            EventKind::FaceEnrolled => Self::FaceEnrolled,
            EventKind::FaceDeleted => Self::FaceDeleted,
            EventKind::ApiKeyCreated => Self::ApiKeyCreated,
            EventKind::ApiKeyDeleted => Self::ApiKeyDeleted,
            EventKind::Promoted => Self::Promoted,
            EventKind::Disabled => Self::Disabled,
            EventKind::Enabled => Self::Enabled,
            EventKind::AccountDeleted => Self::AccountDeleted,
        }
    }
}

/// Something that happened to my account.
#[derive(Object)]
#[oai(rename = "SecurityEvent")]
struct EventDto {
    /// Names the event.
    id: Uuid,
    /// What happened.
    kind: Kind,
    /// From which address; absent where it was done by who runs the service.
    #[oai(skip_serializing_if_is_none)]
    address: Option<String>,
    /// With which program, by its own account.
    #[oai(skip_serializing_if_is_none)]
    user_agent: Option<String>,
    /// When it happened.
    created_at: DateTime<Utc>,
}

impl From<SecurityEvent> for EventDto {
    fn from(event: SecurityEvent) -> Self {
        Self {
            id: event.id.0,
            kind: event.kind.into(),
            address: event.origin.address,
            user_agent: event.origin.user_agent,
            created_at: event.created_at.to_utc(),
        }
    }
}

/// A page of events.
#[derive(Object)]
#[oai(rename = "SecurityEventPage")]
pub struct EventPageDto {
    /// Newest first.
    items: Vec<EventDto>,
    /// The `cursor` of the next page; absent on the last.
    #[oai(skip_serializing_if_is_none)]
    next_cursor: Option<String>,
}

impl From<Page<SecurityEvent>> for EventPageDto {
    fn from(page: Page<SecurityEvent>) -> Self {
        Self {
            items: page.items.into_iter().map(EventDto::from).collect(),
            next_cursor: page.next.map(write_cursor),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use poem_openapi::types::ToJSON;

    #[test]
    fn every_kind_is_shown_by_its_name() {
        for kind in EventKind::ALL {
            assert_eq!(Kind::from(kind).to_json(), Some(kind.name().into()));
        }
    }
}
