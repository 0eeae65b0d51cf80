//! Security events: what happened to accounts, for their users and for operators.

use super::Origin;
use crate::{
    clock::Timestamp,
    ids::{EventId, UserId},
    named_enum,
};
use chrono::TimeDelta;

/// How long an event of a user is kept.
const RETENTION: TimeDelta = TimeDelta::days(365);
/// How long an event without a user is kept. Unauthenticated clients can cause any number of them.
const RETENTION_WITHOUT_USER: TimeDelta = TimeDelta::days(30);

named_enum! {
    /// What happened to an account.
    pub enum EventKind {
        /// The account was created.
        Registered = "registered",
        /// A session began.
        LoggedIn = "logged_in",
        /// A login was rejected.
        LoginFailed = "login_failed",
        /// The rate limit of failed logins was reached: for a while, logins are accepted only from known networks.
        LoginThrottled = "login_throttled",
        /// A session was ended with its refresh token.
        LoggedOut = "logged_out",
        /// A refresh token was used a second time, which ended its session.
        RefreshReused = "refresh_reused",
        /// The user ended a session by its id.
        SessionEnded = "session_ended",
        /// The password was changed.
        PasswordChanged = "password_changed",
        /// A password change was rejected because the current password was wrong.
        PasswordChangeFailed = "password_change_failed",
        /// A code for resetting the password was requested.
        RecoveryRequested = "recovery_requested",
        /// The password was reset with a code.
        PasswordReset = "password_reset",
        /// The username or the e-mail address was set.
        ProfileChanged = "profile_changed",
        /// The e-mail address was verified.
        EmailVerified = "email_verified",
        /// An identity at an OpenID provider was linked.
        IdentityLinked = "identity_linked",
        /// A face was enrolled.
        FaceEnrolled = "face_enrolled",
        /// The face was deleted.
        FaceDeleted = "face_deleted",
        /// An API key was created.
        ApiKeyCreated = "api_key_created",
        /// An API key was deleted.
        ApiKeyDeleted = "api_key_deleted",
        /// The user became an admin.
        Promoted = "promoted",
        /// An admin disabled the account.
        Disabled = "disabled",
        /// An admin enabled the account again.
        Enabled = "enabled",
        /// The account was deleted.
        AccountDeleted = "account_deleted",
    }
}

/// Something that happened to an account. It holds no name, e-mail address or secret, and outlives the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityEvent {
    /// The id; later events have greater ids.
    pub id: EventId,
    /// The user of the account; `None` for a login or a code request with an unknown name or address.
    pub user_id: Option<UserId>,
    /// The admin who did it; `None` for the user, an unauthenticated client, or the operator on the command line.
    pub admin_id: Option<UserId>,
    /// What happened.
    pub kind: EventKind,
    /// The client that caused it.
    pub origin: Origin,
    /// When it happened.
    pub created_at: Timestamp,
}

impl SecurityEvent {
    /// Returns when the event may be deleted.
    pub fn expires_at(&self) -> Timestamp {
        let retention = match (self.user_id, self.kind) {
            (Some(_), _) => RETENTION,
            // Recorded only so that the request takes as long as for a registered address.
            (None, EventKind::RecoveryRequested) => TimeDelta::zero(),
            (None, _) => RETENTION_WITHOUT_USER,
        };
        self.created_at + retention
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use uuid::Uuid;

    #[test]
    fn events_without_a_user_are_kept_for_a_shorter_time() {
        let event = |user_id, kind| SecurityEvent {
            id: EventId(Uuid::nil()),
            user_id,
            admin_id: None,
            kind,
            origin: Origin::default(),
            created_at: Timestamp::new(DateTime::UNIX_EPOCH),
        };
        let retention = |user_id, kind| {
            let event = event(user_id, kind);
            event.expires_at() - event.created_at
        };
        for (kind, days) in [(EventKind::LoginFailed, 30), (EventKind::RecoveryRequested, 0)] {
            assert_eq!(retention(None, kind), TimeDelta::days(days));
            assert_eq!(retention(Some(UserId(Uuid::nil())), kind), TimeDelta::days(365));
        }
    }
}
