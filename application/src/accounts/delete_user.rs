//! Deleting an account.

use super::EventLog;
use crate::{Error, faces::forget_photos};
use domain::{accounts::EventKind, clock::Clock, ids::UserId, store::Store};
use std::sync::Arc;

/// Removes a user and everything the user owned.
pub struct DeleteUser {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// From when on the blobs may go.
    pub clock: Arc<dyn Clock>,
    /// Where it is written down.
    pub events: Arc<EventLog>,
}

impl DeleteUser {
    /// Removes the rows and schedules the blobs in one commit; [`Error::Unauthenticated`] when the user is gone.
    pub async fn execute(&self, id: UserId) -> Result<(), Error> {
        if self.remove(id, None).await? {
            Ok(())
        } else {
            Err(Error::Unauthenticated)
        }
    }

    /// The same, on the word of the user himself or of an admin; false when the user is gone.
    pub(super) async fn remove(&self, id: UserId, admin: Option<UserId>) -> Result<bool, Error> {
        let work = self.store.begin().await?;
        // The lock keeps an upload that ends just now from adding an image whose blob would not be scheduled.
        if work.users().lock(id).await?.is_none() {
            return Ok(false);
        }
        work.blob_deletions()
            .schedule_owned_by(id, self.clock.now())
            .await?;
        forget_photos(&*work, id, self.clock.now()).await?;
        work.predictions().delete_of_owner(id).await?;
        work.users().delete(id).await?;
        // That there was an account and is none any more is all that is left of it.
        work.events().delete_all(id).await?;
        self.events
            .record_by(&*work, admin, id, EventKind::AccountDeleted)
            .await?;
        work.commit().await?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;
    use crate::fixtures;
    use domain::store::test_support::{MockRepositories, MockStore};

    #[tokio::test]
    async fn the_rows_go_and_the_blobs_are_scheduled_in_one_commit() {
        let store = Arc::new(MockStore::default().then_work(fixtures::deleting(None)));
        let delete = DeleteUser {
            store: store.clone(),
            clock: fixtures::clock(),
            events: fixtures::event_log(),
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
            events: fixtures::event_log(),
        };
        let error = delete.execute(fixtures::ada().id).await.expect_err("gone");
        assert_eq!((error.code(), store.commits()), (ErrorCode::Unauthenticated, 0));
    }
}
