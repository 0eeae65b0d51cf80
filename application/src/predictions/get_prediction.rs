//! Looking at one prediction.

use crate::Error;
use domain::{
    ids::{PredictionId, UserId},
    predictions::Prediction,
    store::Store,
};
use std::sync::Arc;

/// Finds a user's prediction.
pub struct GetPrediction {
    /// Where predictions are kept.
    pub store: Arc<dyn Store>,
}

impl GetPrediction {
    /// The owner's prediction; [`Error::NotFound`] when there is none or it is somebody else's.
    pub async fn execute(&self, owner: UserId, id: PredictionId) -> Result<Prediction, Error> {
        let found = self.store.read().predictions().find(owner, id).await?;
        found.ok_or(Error::NotFound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;
    use crate::fixtures;
    use domain::store::test_support::MockStore;

    async fn get(owner: UserId) -> Result<Prediction, Error> {
        let get = GetPrediction {
            store: Arc::new(MockStore::reading(fixtures::with_prediction())),
        };
        get.execute(owner, fixtures::prediction().id).await
    }

    #[tokio::test]
    async fn the_owner_finds_the_prediction_and_nobody_else_does() {
        assert_eq!(
            get(fixtures::owner()).await.expect("found"),
            fixtures::prediction()
        );
        let other = UserId(uuid::Uuid::from_u128(2));
        assert_eq!(get(other).await.expect_err("hidden").code(), ErrorCode::NotFound);
    }
}
