//! Showing what a model looked at.

use crate::{Error, images::open_content};
use bytes::Bytes;
use domain::{
    ids::{PredictionId, UserId},
    images::BlobStore,
    predictions::{Classifier, Classifiers, Prediction},
    store::Store,
};
use std::sync::Arc;

/// Draws what spoke for a prediction over its image.
pub struct DrawHeatMap {
    /// Where predictions and images are kept.
    pub store: Arc<dyn Store>,
    /// Where the bytes of images are kept.
    pub blobs: Arc<dyn BlobStore>,
    /// The models.
    pub classifiers: Arc<dyn Classifiers>,
}

impl DrawHeatMap {
    /// A PNG. [`Error::NotFound`] when the owner has no such prediction, [`Error::ModelNotLoaded`] when the very model that
    /// made it is not loaded: another one would show what it did not look at.
    pub async fn execute(&self, owner: UserId, id: PredictionId) -> Result<Bytes, Error> {
        let prediction = self.store.read().predictions().find(owner, id).await?;
        let prediction = prediction.ok_or(Error::NotFound)?;
        let image = self
            .store
            .read()
            .images()
            .find(owner, prediction.image_id)
            .await?;
        let image = image.ok_or(Error::NotFound)?;
        let classifier = self.maker(&prediction).ok_or(Error::ModelNotLoaded)?;
        let label = classifier
            .model()
            .labels
            .as_slice()
            .iter()
            .position(|label| *label == prediction.label)
            .ok_or(Error::ModelNotLoaded)?;
        let content = open_content(&*self.store, &*self.blobs, &image).await?;
        Ok(classifier.heat_map(image.media_type, content, label).await?)
    }

    fn maker(&self, prediction: &Prediction) -> Option<Arc<dyn Classifier>> {
        let mut loaded = self.classifiers.loaded().into_iter();
        loaded.find(|classifier| {
            let (model, used) = (classifier.model(), &prediction.model);
            let same =
                (&model.name, &model.version, model.sha256) == (&used.name, &used.version, used.sha256);
            // Labels are no part of the digest: in another order the evidence would be that of another label.
            let labels = prediction.probabilities.iter().map(|of| &of.label);
            same && model.labels.as_slice().iter().eq(labels)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;
    use crate::fixtures::{self, classifiers};
    use domain::{
        images::Sha256Digest,
        predictions::{ClassificationError, Labels, MockClassifier, Model},
        store::test_support::MockStore,
    };
    use uuid::Uuid;

    fn drawing(model: Model, drawn: Result<&'static [u8], ClassificationError>) -> DrawHeatMap {
        let mut reads = fixtures::with_prediction();
        reads
            .images
            .expect_find()
            .returning(|_, _| Ok(Some(fixtures::image())));
        let mut classifier = MockClassifier::new();
        classifier.expect_model().return_const(model);
        classifier
            .expect_heat_map()
            .withf(|_, _, label| *label == 1)
            .return_once(|_, _, _| drawn.map(Bytes::from_static));
        DrawHeatMap {
            store: Arc::new(MockStore::reading(reads)),
            blobs: Arc::new(fixtures::readable_blobs()),
            classifiers: classifiers(vec![Arc::new(classifier)]),
        }
    }

    async fn draw(use_case: &DrawHeatMap, owner: UserId) -> Result<Bytes, ErrorCode> {
        let drawn = use_case.execute(owner, fixtures::prediction().id).await;
        drawn.map_err(|error| error.code())
    }

    #[tokio::test]
    async fn the_model_that_made_the_prediction_shows_what_spoke_for_its_label() {
        let use_case = drawing(fixtures::model("eyes", "1"), Ok(&b"png"[..]));
        assert_eq!(
            draw(&use_case, fixtures::owner()).await.as_deref(),
            Ok(&b"png"[..])
        );
    }

    #[tokio::test]
    async fn no_other_model_is_taken_for_it() {
        let other_file = Model {
            sha256: Sha256Digest([9; 32]),
            ..fixtures::model("eyes", "1")
        };
        let usual = fixtures::model("eyes", "1");
        let reversed = usual.labels.as_slice().iter().rev().cloned();
        let other_order = Model {
            labels: Labels::new(reversed.collect()).expect("the same labels"),
            ..usual
        };
        for model in [
            fixtures::model("eyes", "2"),
            fixtures::model("ears", "1"),
            other_file,
            other_order,
        ] {
            let use_case = drawing(model, Ok(&b"png"[..]));
            assert_eq!(
                draw(&use_case, fixtures::owner()).await,
                Err(ErrorCode::ModelNotLoaded)
            );
        }
    }

    #[tokio::test]
    async fn somebody_elses_prediction_is_absent_and_failures_are_told() {
        let use_case = drawing(fixtures::model("eyes", "1"), Ok(&b"png"[..]));
        let other = UserId(Uuid::from_u128(2));
        assert_eq!(draw(&use_case, other).await, Err(ErrorCode::NotFound));
        let use_case = drawing(fixtures::model("eyes", "1"), Err(ClassificationError::Timeout));
        assert_eq!(draw(&use_case, fixtures::owner()).await, Err(ErrorCode::Timeout));
    }
}
