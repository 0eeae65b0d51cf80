//! What happened to accounts, for their owners and for operators to read.

use super::Origin;
use crate::{
    clock::Timestamp,
    ids::{EventId, UserId},
};
use chrono::TimeDelta;

/// How long an event is kept.
const KEPT: TimeDelta = TimeDelta::days(365);
/// The same for an event of nobody: any stranger can make them.
const KEPT_OF_NOBODY: TimeDelta = TimeDelta::days(30);

/// What can happen to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
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

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 22] = [
        Self::Registered,
        Self::LoggedIn,
        Self::LoginFailed,
        Self::LoginThrottled,
        Self::LoggedOut,
        Self::RefreshReused,
        Self::SessionEnded,
        Self::PasswordChanged,
        Self::PasswordChangeFailed,
        Self::RecoveryRequested,
        Self::PasswordReset,
        Self::ProfileChanged,
        Self::EmailVerified,
        Self::IdentityLinked,
        Self::FaceEnrolled,
        Self::FaceDeleted,
        Self::ApiKeyCreated,
        Self::ApiKeyDeleted,
        Self::Promoted,
        Self::Disabled,
        Self::Enabled,
        Self::AccountDeleted,
    ];

    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::LoggedIn => "logged_in",
            Self::LoginFailed => "login_failed",
            Self::LoginThrottled => "login_throttled",
            Self::LoggedOut => "logged_out",
            Self::RefreshReused => "refresh_reused",
            Self::SessionEnded => "session_ended",
            Self::PasswordChanged => "password_changed",
            Self::PasswordChangeFailed => "password_change_failed",
            Self::RecoveryRequested => "recovery_requested",
            Self::PasswordReset => "password_reset",
            Self::ProfileChanged => "profile_changed",
            Self::EmailVerified => "email_verified",
            Self::IdentityLinked => "identity_linked",
            Self::FaceEnrolled => "face_enrolled",
            Self::FaceDeleted => "face_deleted",
            Self::ApiKeyCreated => "api_key_created",
            Self::ApiKeyDeleted => "api_key_deleted",
            Self::Promoted => "promoted",
            Self::Disabled => "disabled",
            Self::Enabled => "enabled",
            Self::AccountDeleted => "account_deleted",
        }
    }

    /// The kind of this name; `None` when there is none.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Something that happened to an account. It tells no name, address or secret, and outlives the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityEvent {
    /// Names the event; later events have greater ids.
    pub id: EventId,
    /// Whose account it is; `None` for a login with a name, or a code for an address, that nobody has.
    pub user_id: Option<UserId>,
    /// The admin who did it; `None` when it was the user himself, a stranger, or who runs the service.
    pub admin_id: Option<UserId>,
    /// What happened.
    pub kind: EventKind,
    /// From where it was done.
    pub origin: Origin,
    /// When it happened.
    pub created_at: Timestamp,
}

impl SecurityEvent {
    /// From when on it need not be kept.
    pub fn expires_at(&self) -> Timestamp {
        let kept = match (self.user_id, self.kind) {
            (Some(_), _) => KEPT,
            // Written only so that it takes as long as for somebody's address.
            (None, EventKind::RecoveryRequested) => TimeDelta::zero(),
            (None, _) => KEPT_OF_NOBODY,
        };
        self.created_at + kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use uuid::Uuid;

    #[test]
    fn every_kind_is_found_by_its_name_which_no_other_has() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::from_name(kind.name()), Some(kind));
        }
        assert_eq!(EventKind::from_name("forgotten"), None);
    }

    #[test]
    fn what_strangers_can_make_is_kept_for_a_shorter_time() {
        let event = |user_id, kind| SecurityEvent {
            id: EventId(Uuid::nil()),
            user_id,
            admin_id: None,
            kind,
            origin: Origin::default(),
            created_at: Timestamp::new(DateTime::UNIX_EPOCH),
        };
        let kept = |user_id, kind| {
            let event = event(user_id, kind);
            event.expires_at() - event.created_at
        };
        for (kind, of_nobody) in [(EventKind::LoginFailed, 30), (EventKind::RecoveryRequested, 0)] {
            assert_eq!(kept(None, kind), TimeDelta::days(of_nobody));
            assert_eq!(kept(Some(UserId(Uuid::nil())), kind), TimeDelta::days(365));
        }
    }
}
