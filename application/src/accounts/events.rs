//! The security events of accounts.

use crate::{Context, Error};
use domain::{
    accounts::SecurityEvent,
    ids::UserId,
    page::{Page, PageRequest},
};

/// Reads and deletes security events. [`Context`] records them.
pub struct Events {
    context: Context,
}

impl Events {
    /// Creates the service.
    pub fn new(context: Context) -> Self {
        Self { context }
    }

    /// Returns a page of the user's events, newest first.
    pub async fn list(&self, user: UserId, page: PageRequest) -> Result<Page<SecurityEvent>, Error> {
        Ok(self.context.read().events().list(user, page).await?)
    }

    /// Deletes expired events, and returns their number.
    pub async fn delete_expired(&self) -> Result<u64, Error> {
        let now = self.context.now();
        self.context
            .transact(|tx| Box::pin(async move { Ok(tx.events().delete_expired(now).await?) }))
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixtures, test_context::TestContext};
    use chrono::TimeDelta;
    use domain::accounts::EventKind;

    #[tokio::test]
    async fn users_see_only_their_own_events_until_these_expire() {
        let test = TestContext::new();
        let (events, context) = (Events::new(test.context()), test.context());
        let (user, other) = (fixtures::owner(), UserId(uuid::Uuid::from_u128(2)));
        test.write(async |tx| {
            for user in [user, other] {
                let (kind, origin) = (EventKind::LoggedIn, fixtures::origin());
                context.record_event(tx, user, kind, origin).await?;
            }
            Ok(())
        })
        .await;
        let page = events.list(user, PageRequest::default()).await.expect("a page");
        assert_eq!(page.items.len(), 1);
        assert_eq!(page.items[0].user_id, Some(user));
        test.clock.advance(TimeDelta::days(364));
        assert_eq!(events.delete_expired().await.expect("deleted"), 0);
        test.clock.advance(TimeDelta::days(1));
        assert_eq!(events.delete_expired().await.expect("deleted"), 2);
        assert_eq!(test.events(user).await, []);
    }
}
