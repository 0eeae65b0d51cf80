//! Forgetting codes that expired.

use crate::Error;
use domain::{clock::Clock, store::Store};
use std::sync::Arc;

/// Removes codes whose time is over. They count no more anyhow; this keeps the table small.
pub struct DeleteExpiredCodes {
    /// Where codes are kept.
    pub store: Arc<dyn Store>,
    /// When they must have expired.
    pub clock: Arc<dyn Clock>,
}

impl DeleteExpiredCodes {
    /// How many were removed.
    pub async fn execute(&self) -> Result<u64, Error> {
        let work = self.store.begin().await?;
        let removed = work.codes().delete_expired(self.clock.now()).await?;
        work.commit().await?;
        Ok(removed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use domain::store::test_support::{MockRepositories, MockStore};

    #[tokio::test]
    async fn codes_that_expired_by_now_are_removed() {
        let mut work = MockRepositories::default();
        work.codes
            .expect_delete_expired()
            .withf(|now| *now == fixtures::now())
            .returning(|_| Ok(3));
        let store = Arc::new(MockStore::default().then_work(work));
        let delete = DeleteExpiredCodes {
            store: store.clone(),
            clock: fixtures::clock(),
        };
        assert_eq!(delete.execute().await.expect("removed"), 3);
        assert_eq!(store.commits(), 1);
    }
}
