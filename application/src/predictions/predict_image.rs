//! Classifying an image that is sent.

use super::ImageClassifier;
use crate::{
    Error,
    images::{ImageIntake, Upload},
    operations::IdempotencyGuard,
};
use domain::{
    ids::{IdGenerator, PredictionId},
    images::Image,
    predictions::{Classifier, ModelReference, Prediction},
    store::{StoreError, Transaction},
};
use std::sync::Arc;

/// Stores an image with what a model says of it, both or neither.
pub struct PredictImage {
    /// The way in.
    pub intake: Arc<ImageIntake>,
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
        let image = self.intake.receive(upload).await?;
        let predicted = self.predict(&*classifier, &image).await;
        let prediction = self.intake.settle(&image.blob_key(), predicted).await?;
        let added = self.add(&image, &prediction, receipt).await;
        let unit = self.intake.settle(&image.blob_key(), added).await?;
        // A commit that fails may be done all the same. Then the blob is needed; else its reservation runs out.
        unit.commit().await?;
        Ok(prediction)
    }

    async fn predict(&self, classifier: &dyn Classifier, image: &Image) -> Result<Prediction, Error> {
        let content = self.intake.reopen(&image.blob_key()).await?;
        let id = PredictionId(self.ids.next());
        self.classifier.predict(classifier, id, image, content).await
    }

    async fn add(
        &self,
        image: &Image,
        prediction: &Prediction,
        receipt: Option<&IdempotencyGuard<Prediction>>,
    ) -> Result<Box<dyn Transaction>, Error> {
        let unit = self.intake.add(image).await?;
        match unit.predictions().insert(prediction).await {
            Err(StoreError::OwnerDeleted) => return Err(Error::Unauthenticated),
            added => added?,
        }
        if let Some(receipt) = receipt {
            receipt.keep(&*unit, prediction).await?;
        }
        Ok(unit)
    }
}

#[cfg(test)]
#[path = "predict_image_tests.rs"]
mod tests;
