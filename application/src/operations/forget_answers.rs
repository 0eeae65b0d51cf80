//! Forgetting answers that nobody will ask for again.

use crate::Error;
use chrono::TimeDelta;
use domain::{clock::Clock, store::Store};
use std::sync::Arc;

/// How long an answer is kept.
const KEPT_FOR: TimeDelta = TimeDelta::hours(24);

/// Removes the answers to requests of more than a day ago.
pub struct DeleteExpiredIdempotencyKeys {
    /// Where answers are kept.
    pub store: Arc<dyn Store>,
    /// What is old.
    pub clock: Arc<dyn Clock>,
}

impl DeleteExpiredIdempotencyKeys {
    /// How many were removed.
    pub async fn execute(&self) -> Result<u64, Error> {
        let moment = self.clock.now() + -KEPT_FOR;
        let unit = self.store.begin().await?;
        let removed = unit.idempotency_keys().delete_acquired_before(moment).await?;
        unit.commit().await?;
        Ok(removed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use domain::store::test_support::{MockRepositories, MockStore};

    #[tokio::test]
    async fn answers_are_kept_for_a_day() {
        let mut work = MockRepositories::default();
        work.idempotency_keys
            .expect_delete_acquired_before()
            .withf(|moment| *moment + TimeDelta::hours(24) == fixtures::now())
            .returning(|_| Ok(3));
        let store = Arc::new(MockStore::default().then_work(work));
        let forget = DeleteExpiredIdempotencyKeys {
            store: store.clone(),
            clock: fixtures::clock(),
        };
        assert_eq!(forget.execute().await.expect("removed"), 3);
        assert_eq!(store.commits(), 1);
    }
}
