//! Writing down logins that failed.

use super::{EventLog, RateLimiter, throttle::LoginAttempt};
use domain::{
    accounts::{EventKind, Origin},
    ids::UserId,
    store::{Store, StoreError},
};
use std::sync::Arc;

/// Counts logins that failed, and writes them down.
pub struct FailedLogins {
    /// Where both are kept.
    pub store: Arc<dyn Store>,
    /// Counts them.
    pub throttle: Arc<RateLimiter>,
    /// Writes them down.
    pub events: Arc<EventLog>,
}

impl FailedLogins {
    /// Of a name that nobody has, too: were it not, the time would tell it from others.
    pub(crate) async fn note(
        &self,
        attempt: &LoginAttempt,
        user: Option<UserId>,
        origin: Origin,
    ) -> Result<(), StoreError> {
        let unit = self.store.begin().await?;
        let closes = self.throttle.note_failure(&*unit, attempt).await?;
        let failed = EventKind::LoginFailed;
        self.events.record(&*unit, user, failed, origin.clone()).await?;
        if closes {
            // Only this one, and not each login that is refused from now on: of those anybody could make any number.
            self.events
                .record(&*unit, user, EventKind::LoginThrottled, origin)
                .await?;
        }
        unit.commit().await
    }
}
