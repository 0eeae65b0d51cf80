//! Classifying an image that is sent.

use super::ImageClassifier;
use crate::{
    Error,
    images::{Upload, Uploads},
    operations::{IdempotencyGuard, store_response},
};
use domain::{
    ids::{IdGenerator, PredictionId},
    images::Image,
    predictions::{Classifier, ModelReference, Prediction},
    store::StoreError,
};
use std::sync::Arc;

/// Stores an image with what a model says of it, both or neither.
pub struct PredictImage {
    /// The way in.
    pub uploads: Arc<Uploads>,
    /// Classifies.
    pub classifier: Arc<ImageClassifier>,
    /// Names the prediction.
    pub ids: Arc<dyn IdGenerator>,
}

impl PredictImage {
    /// The stored prediction. Beside the errors of an upload [`Error::UnknownModel`] and [`Error::ModelNotLoaded`],
    /// before a byte is taken, [`Error::UnusableOutput`] and [`Error::Timeout`].
    pub async fn execute(
        &self,
        upload: Upload,
        model: Option<&ModelReference>,
        receipt: Option<&IdempotencyGuard<Prediction>>,
    ) -> Result<Prediction, Error> {
        let classifier = self.classifier.choose(model)?;
        let image = self.uploads.receive(upload).await?;
        let predicted = self.predict(&*classifier, &image).await;
        let predicted = self
            .uploads
            .discard_on_error(&image.blob_key(), predicted)
            .await?;
        let prediction = &predicted;
        self.uploads
            .add(&image, &|tx| {
                Box::pin(async move {
                    match tx.predictions().insert(prediction).await {
                        Err(StoreError::OwnerDeleted) => return Err(Error::Unauthenticated),
                        inserted => inserted?,
                    }
                    store_response(receipt, tx, prediction).await
                })
            })
            .await?;
        Ok(predicted)
    }

    async fn predict(&self, classifier: &dyn Classifier, image: &Image) -> Result<Prediction, Error> {
        let content = self.uploads.reopen(&image.blob_key()).await?;
        let id = PredictionId(self.ids.next());
        self.classifier.predict(classifier, id, image, content).await
    }
}

#[cfg(test)]
#[path = "predict_image_tests.rs"]
mod tests;
