//! Deleting a prediction.

use crate::Error;
use domain::{
    ids::{PredictionId, UserId},
    store::Store,
};
use std::sync::Arc;

/// Removes a user's prediction and what was said of it. Its image stays.
pub struct DeletePrediction {
    /// Where predictions are kept.
    pub store: Arc<dyn Store>,
}

impl DeletePrediction {
    /// [`Error::NotFound`] when there is no such prediction or it is somebody else's.
    pub async fn execute(&self, owner: UserId, id: PredictionId) -> Result<(), Error> {
        let unit = self.store.begin().await?;
        if !unit.predictions().delete(owner, id).await? {
            return Err(Error::NotFound);
        }
        unit.commit().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;
    use crate::fixtures;
    use domain::store::test_support::{MockRepositories, MockStore};

    #[tokio::test]
    async fn what_is_there_is_deleted_and_what_is_not_is_absent() {
        for (there, expected) in [(true, (None, 1)), (false, (Some(ErrorCode::NotFound), 0))] {
            let mut work = MockRepositories::default();
            work.predictions
                .expect_delete()
                .withf(|owner, id| (*owner, *id) == (fixtures::owner(), fixtures::prediction().id))
                .times(1)
                .returning(move |_, _| Ok(there));
            let store = Arc::new(MockStore::default().then_work(work));
            let delete = DeletePrediction { store: store.clone() };
            let outcome = delete.execute(fixtures::owner(), fixtures::prediction().id).await;
            assert_eq!(
                (outcome.err().map(|error| error.code()), store.commits()),
                expected
            );
        }
    }
}
