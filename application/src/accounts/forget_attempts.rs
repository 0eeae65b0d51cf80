//! Forgetting what strangers tried.

use crate::Error;
use chrono::TimeDelta;
use domain::{clock::Clock, store::Store};
use std::sync::Arc;

/// How long it is known from where a user logged in.
const LOGINS_KNOWN: TimeDelta = TimeDelta::days(365);

/// Removes counts that are over, and networks from which nobody logged in for a year.
pub struct DeleteExpiredRateLimits {
    /// Where both are kept.
    pub store: Arc<dyn Store>,
    /// When they must be over.
    pub clock: Arc<dyn Clock>,
}

impl DeleteExpiredRateLimits {
    /// How many were removed.
    pub async fn execute(&self) -> Result<u64, Error> {
        let now = self.clock.now();
        let unit = self.store.begin().await?;
        let counts = unit.rate_limits().delete_expired(now).await?;
        let networks = unit
            .rate_limits()
            .delete_logins_before(now + -LOGINS_KNOWN)
            .await?;
        unit.commit().await?;
        Ok(counts + networks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use domain::store::test_support::{MockRepositories, MockStore};

    #[tokio::test]
    async fn counts_that_are_over_and_networks_of_long_ago_are_forgotten() {
        let mut work = MockRepositories::default();
        work.rate_limits
            .expect_delete_expired()
            .withf(|now| *now == fixtures::now())
            .returning(|_| Ok(2));
        work.rate_limits
            .expect_delete_logins_before()
            .withf(|moment| fixtures::now() - *moment == TimeDelta::days(365))
            .returning(|_| Ok(3));
        let store = Arc::new(MockStore::default().then_work(work));
        let forget = DeleteExpiredRateLimits {
            store: store.clone(),
            clock: fixtures::clock(),
        };
        assert_eq!(forget.execute().await.expect("forgotten"), 5);
        assert_eq!(store.commits(), 1);
    }
}
