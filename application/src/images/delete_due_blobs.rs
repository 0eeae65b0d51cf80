//! The sweep: deleting blobs whose moment has come.

use crate::Error;
use domain::{clock::Clock, images::BlobStore, store::Store};
use std::sync::Arc;

/// How many blobs one round takes.
const ROUND: u64 = 100;

/// Deletes the blobs of deleted images, deleted users and uploads that never ended. Running it twice at once, or again
/// after a crash, does no harm.
pub struct DeleteDueBlobs {
    /// Where deletions are scheduled.
    pub store: Arc<dyn Store>,
    /// Where the blobs are.
    pub blobs: Arc<dyn BlobStore>,
    /// Which deletions are due.
    pub clock: Arc<dyn Clock>,
}

impl DeleteDueBlobs {
    /// How many blobs were deleted, all that were due. Stops at the first that the blob store does not let go.
    pub async fn execute(&self) -> Result<u64, Error> {
        let mut deleted = 0;
        loop {
            let due = self
                .store
                .read()
                .blob_deletions()
                .due(self.clock.now(), ROUND)
                .await?;
            if due.is_empty() {
                return Ok(deleted);
            }
            for key in due {
                self.blobs.delete(&key).await?;
                let work = self.store.begin().await?;
                work.blob_deletions().remove(&key).await?;
                work.commit().await?;
                deleted += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;
    use crate::fixtures;
    use domain::{
        BoxError,
        images::{BlobError, BlobKey, MockBlobStore},
        store::test_support::{MockRepositories, MockStore},
    };
    use std::sync::Mutex;

    fn key(name: &str) -> BlobKey {
        BlobKey::from_stored(name.to_owned())
    }

    fn with_due(rounds: Vec<Vec<BlobKey>>) -> MockStore {
        let rounds = Mutex::new(rounds.into_iter());
        let mut reads = MockRepositories::default();
        reads
            .blob_deletions
            .expect_due()
            .withf(|now, _| *now == fixtures::now())
            .returning(move |_, _| Ok(rounds.lock().expect("unpoisoned").next().expect("one more round")));
        MockStore::reading(reads)
    }

    fn removing() -> MockRepositories {
        let mut work = MockRepositories::default();
        work.blob_deletions.expect_remove().times(1).returning(|_| Ok(()));
        work
    }

    #[tokio::test]
    async fn rounds_go_on_until_nothing_is_due_and_rows_go_after_their_blobs() {
        let rounds = vec![vec![key("a"), key("b")], vec![key("c")], vec![]];
        let works = with_due(rounds)
            .then_work(removing())
            .then_work(removing())
            .then_work(removing());
        let store = Arc::new(works);
        let mut blobs = MockBlobStore::new();
        blobs.expect_delete().times(3).returning(|_| Ok(()));
        let sweep = DeleteDueBlobs {
            store: store.clone(),
            blobs: Arc::new(blobs),
            clock: fixtures::clock(),
        };
        assert_eq!(sweep.execute().await.expect("swept"), 3);
        assert_eq!(store.commits(), 3);
    }

    #[tokio::test]
    async fn a_blob_that_cannot_be_deleted_keeps_its_row() {
        let store = Arc::new(with_due(vec![vec![key("a")]]));
        let mut blobs = MockBlobStore::new();
        blobs
            .expect_delete()
            .returning(|_| Err(BlobError::Unavailable(BoxError::from("down"))));
        let sweep = DeleteDueBlobs {
            store: store.clone(),
            blobs: Arc::new(blobs),
            clock: fixtures::clock(),
        };
        assert_eq!(
            sweep.execute().await.expect_err("down").code(),
            ErrorCode::Unavailable
        );
        assert_eq!(store.commits(), 0);
    }
}
