//! The outbox of mails: rows that the commit which needs a mail inserts.

use super::{CodePurpose, MailLanguage};
use crate::{
    clock::Timestamp,
    ids::{OutgoingMailId, UserId},
};
use chrono::TimeDelta;

/// A mail with a code that is still to be sent. The code is generated when the mail is sent, and is stored only as a hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingMail {
    /// The id; later mails have greater ids.
    pub id: OutgoingMailId,
    /// The recipient; `None` for a request with an unknown address, which must not differ from one with a known address.
    pub user_id: Option<UserId>,
    /// What its code is for.
    pub purpose: CodePurpose,
    /// The language of its text.
    pub language: MailLanguage,
    /// The number of claims. Only the latest claim can postpone or remove the mail.
    pub attempts: u32,
    /// When it was requested.
    pub created_at: Timestamp,
}

impl OutgoingMail {
    /// How long sending is retried.
    pub const LIFETIME: TimeDelta = TimeDelta::hours(24);
    /// The delay after the first attempt; it doubles with each further one.
    const FIRST_RETRY_DELAY: TimeDelta = TimeDelta::seconds(5);
    const MAX_RETRY_DELAY: TimeDelta = TimeDelta::minutes(10);

    /// Creates a mail that is due at once.
    pub fn new(
        id: OutgoingMailId,
        user_id: Option<UserId>,
        purpose: CodePurpose,
        language: MailLanguage,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            user_id,
            purpose,
            language,
            attempts: 0,
            created_at: now,
        }
    }

    /// Returns whether the mail is too old to be sent.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.created_at + Self::LIFETIME <= now
    }

    /// Returns the delay before the next attempt.
    pub fn retry_delay(&self) -> TimeDelta {
        let doublings = self.attempts.saturating_sub(1).min(10);
        (Self::FIRST_RETRY_DELAY * (1 << doublings)).min(Self::MAX_RETRY_DELAY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use uuid::Uuid;

    fn outgoing(attempts: u32) -> OutgoingMail {
        let now = Timestamp::new(DateTime::UNIX_EPOCH);
        let id = OutgoingMailId(Uuid::nil());
        OutgoingMail {
            attempts,
            ..OutgoingMail::new(id, None, CodePurpose::VerifyEmail, MailLanguage::English, now)
        }
    }

    #[test]
    fn retry_delays_double_from_5_seconds_to_10_minutes() {
        let delays = [0, 1, 2, 3, 7, 8, 9, 500, u32::MAX]
            .map(|attempts| outgoing(attempts).retry_delay().num_seconds());
        assert_eq!(delays, [5, 5, 10, 20, 320, 600, 600, 600, 600]);
    }

    #[test]
    fn a_mail_expires_after_a_day() {
        let mail = outgoing(3);
        let end = mail.created_at + TimeDelta::hours(24);
        assert!(mail.has_expired(end));
        assert!(!mail.has_expired(end + TimeDelta::microseconds(-1)));
    }
}
