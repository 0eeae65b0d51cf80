//! Deleting an image.

use crate::Error;
use domain::{
    clock::Clock,
    ids::{ImageId, UserId},
    images::BlobKey,
    store::Store,
};
use std::sync::Arc;

/// Removes a user's image, what was read from it and said of it, and its bytes.
pub struct DeleteImage {
    /// Where images are kept.
    pub store: Arc<dyn Store>,
    /// From when on the blob may go.
    pub clock: Arc<dyn Clock>,
}

impl DeleteImage {
    /// Removes the rows and schedules the blob in one commit; [`Error::NotFound`] when there is no such image or it is
    /// somebody else's.
    pub async fn execute(&self, owner: UserId, id: ImageId) -> Result<(), Error> {
        let work = self.store.begin().await?;
        work.predictions().delete_of_image(owner, id).await?;
        if !work.images().delete(owner, id).await? {
            return Err(Error::NotFound);
        }
        work.tasks().cancel_of_image(id, self.clock.now()).await?;
        work.blob_deletions()
            .schedule(&BlobKey::of_image(id), self.clock.now())
            .await?;
        work.commit().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;
    use crate::fixtures;
    use domain::store::test_support::{MockRepositories, MockStore};

    async fn delete(work: MockRepositories) -> (Result<(), Error>, usize) {
        let store = Arc::new(MockStore::default().then_work(work));
        let delete = DeleteImage {
            store: store.clone(),
            clock: fixtures::clock(),
        };
        (
            delete.execute(fixtures::owner(), fixtures::image_id()).await,
            store.commits(),
        )
    }

    fn without_predictions() -> MockRepositories {
        let mut work = MockRepositories::default();
        work.predictions
            .expect_delete_of_image()
            .withf(|owner, image| (*owner, *image) == (fixtures::owner(), fixtures::image_id()))
            .times(1)
            .returning(|_, _| Ok(()));
        work
    }

    #[tokio::test]
    async fn the_row_goes_and_the_blob_is_scheduled_in_one_commit() {
        let mut work = without_predictions();
        work.images.expect_delete().times(1).returning(|_, _| Ok(true));
        work.tasks
            .expect_cancel_of_image()
            .withf(|image, now| *image == fixtures::image_id() && *now == fixtures::now())
            .times(1)
            .returning(|_, _| Ok(()));
        work.blob_deletions
            .expect_schedule()
            .withf(|key, due_at| *key == fixtures::image().blob_key() && *due_at == fixtures::now())
            .times(1)
            .returning(|_, _| Ok(()));
        let (outcome, commits) = delete(work).await;
        outcome.expect("deleted");
        assert_eq!(commits, 1);
    }

    #[tokio::test]
    async fn what_is_not_there_or_not_yours_is_not_deleted() {
        let mut work = without_predictions();
        work.images.expect_delete().returning(|_, _| Ok(false));
        let (outcome, commits) = delete(work).await;
        assert_eq!(
            (outcome.expect_err("absent").code(), commits),
            (ErrorCode::NotFound, 0)
        );
    }
}
