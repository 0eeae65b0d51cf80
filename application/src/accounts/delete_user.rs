//! Deleting an account.

use crate::Error;
use domain::{clock::Clock, ids::UserId, store::Store};
use std::sync::Arc;

/// Removes a user and everything the user owned.
pub struct DeleteUser {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// From when on the blobs may go.
    pub clock: Arc<dyn Clock>,
}

impl DeleteUser {
    /// Removes the rows and schedules the blobs in one commit; [`Error::Unauthenticated`] when the user is gone.
    pub async fn execute(&self, id: UserId) -> Result<(), Error> {
        let work = self.store.begin().await?;
        // The lock keeps an upload that ends just now from adding an image whose blob would not be scheduled.
        work.users().lock(id).await?.ok_or(Error::Unauthenticated)?;
        work.blob_deletions()
            .schedule_owned_by(id, self.clock.now())
            .await?;
        work.users().delete(id).await?;
        work.commit().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use domain::store::test_support::{MockRepositories, MockStore};

    #[tokio::test]
    async fn the_rows_go_and_the_blobs_are_scheduled_in_one_commit() {
        let mut work = MockRepositories::default();
        work.users.expect_lock().returning(|_| Ok(Some(fixtures::ada())));
        work.blob_deletions
            .expect_schedule_owned_by()
            .withf(|owner, due_at| *owner == fixtures::ada().id && *due_at == fixtures::now())
            .times(1)
            .returning(|_, _| Ok(()));
        work.users.expect_delete().times(1).returning(|_| Ok(()));
        let store = Arc::new(MockStore::default().then_work(work));
        let delete = DeleteUser {
            store: store.clone(),
            clock: fixtures::clock(),
        };
        delete.execute(fixtures::ada().id).await.expect("deleted");
        assert_eq!(store.commits(), 1);
    }

    #[tokio::test]
    async fn a_user_can_be_deleted_once() {
        let mut work = MockRepositories::default();
        work.users.expect_lock().returning(|_| Ok(None));
        let store = Arc::new(MockStore::default().then_work(work));
        let delete = DeleteUser {
            store: store.clone(),
            clock: fixtures::clock(),
        };
        let error = delete.execute(fixtures::ada().id).await.expect_err("gone");
        assert_eq!((error.code(), store.commits()), ("unauthenticated", 0));
    }
}
