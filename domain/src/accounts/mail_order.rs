//! Mails that are still to be written and sent.

use super::{CodePurpose, MailLanguage};
use crate::{
    clock::Timestamp,
    ids::{MailOrderId, UserId},
};
use chrono::TimeDelta;

/// A mail with a code that a commit asked for. The code is made when the mail is sent, and never stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailOrder {
    /// Names the order. Later orders have greater ids.
    pub id: MailOrderId,
    /// Whom the mail goes to; `None` where nobody has the address that was named: ordering a mail shows no difference.
    pub user_id: Option<UserId>,
    /// What its code is for.
    pub purpose: CodePurpose,
    /// What it is written in.
    pub language: MailLanguage,
    /// How often somebody took it upon himself. Only who did so last may change the order.
    pub attempts: u32,
    /// When it was asked for.
    pub created_at: Timestamp,
}

impl MailOrder {
    /// How long it is tried to send a mail.
    pub const LIFETIME: TimeDelta = TimeDelta::hours(24);
    /// The rest after the first attempt; it doubles with each.
    const FIRST_REST: TimeDelta = TimeDelta::seconds(5);
    /// The longest rest.
    const LONGEST_REST: TimeDelta = TimeDelta::minutes(10);

    /// An order that nobody has tried to carry out yet, due at once.
    pub fn new(
        id: MailOrderId,
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

    /// Whether the mail was waited for so long that nobody expects it any more.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.created_at + Self::LIFETIME <= now
    }

    /// How long to wait after the latest attempt, which failed.
    pub fn rest(&self) -> TimeDelta {
        let doublings = self.attempts.saturating_sub(1).min(10);
        (Self::FIRST_REST * (1 << doublings)).min(Self::LONGEST_REST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use uuid::Uuid;

    fn order(attempts: u32) -> MailOrder {
        let now = Timestamp::new(DateTime::UNIX_EPOCH);
        let id = MailOrderId(Uuid::nil());
        MailOrder {
            attempts,
            ..MailOrder::new(id, None, CodePurpose::VerifyEmail, MailLanguage::English, now)
        }
    }

    #[test]
    fn rests_double_from_5_seconds_to_10_minutes() {
        let rests: Vec<i64> = [0, 1, 2, 3, 7, 8, 9, 500, u32::MAX]
            .map(|attempts| order(attempts).rest().num_seconds())
            .to_vec();
        assert_eq!(rests, [5, 5, 10, 20, 320, 600, 600, 600, 600]);
    }

    #[test]
    fn a_mail_is_given_up_after_a_day() {
        let order = order(3);
        let end = order.created_at + TimeDelta::hours(24);
        assert!(order.has_expired(end));
        assert!(!order.has_expired(end + TimeDelta::microseconds(-1)));
    }
}
