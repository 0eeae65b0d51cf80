//! Explains predictions: the parts of the image that spoke for the label.

use crate::{Error, images::open_content};
use bytes::Bytes;
use domain::{
    ids::{PredictionId, UserId},
    images::{BlobStore, Image},
    predictions::{Attribution, Classifier, Classifiers, Label, Prediction},
    store::Store,
};
use std::sync::Arc;

/// Explains predictions.
pub struct ExplainPrediction {
    /// The store of predictions and images.
    pub store: Arc<dyn Store>,
    /// The store of image bytes.
    pub blobs: Arc<dyn BlobStore>,
    /// The loaded models.
    pub classifiers: Arc<dyn Classifiers>,
}

/// A prediction with the model that made it.
struct Explained {
    prediction: Prediction,
    image: Image,
    classifier: Arc<dyn Classifier>,
    /// The position of the label among those of the model.
    position: usize,
}

impl ExplainPrediction {
    /// Returns the label of a prediction and its attribution.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if the owner has no such prediction, [`Error::ModelNotLoaded`] if the model that made it is not
    /// loaded: another model would explain another decision.
    pub async fn attribution(&self, owner: UserId, id: PredictionId) -> Result<(Label, Attribution), Error> {
        let Explained {
            prediction,
            image,
            classifier,
            position,
        } = self.find(owner, id).await?;
        let content = open_content(&*self.store, &*self.blobs, &image).await?;
        let attribution = classifier
            .attribution(image.media_type, content, position)
            .await?;
        Ok((prediction.label, attribution))
    }

    /// Returns the heat map of a prediction as PNG: over its image, or alone on a transparent ground.
    ///
    /// # Errors
    ///
    /// Those of [`attribution`](Self::attribution).
    pub async fn heat_map(&self, owner: UserId, id: PredictionId, overlay: bool) -> Result<Bytes, Error> {
        let Explained {
            image,
            classifier,
            position,
            ..
        } = self.find(owner, id).await?;
        let content = open_content(&*self.store, &*self.blobs, &image).await?;
        Ok(classifier
            .heat_map(image.media_type, content, position, overlay)
            .await?)
    }

    async fn find(&self, owner: UserId, id: PredictionId) -> Result<Explained, Error> {
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
        let mut labels = classifier.model().labels.as_slice().iter();
        let position = labels.position(|label| *label == prediction.label);
        Ok(Explained {
            position: position.ok_or(Error::ModelNotLoaded)?,
            prediction,
            image,
            classifier,
        })
    }

    fn maker(&self, prediction: &Prediction) -> Option<Arc<dyn Classifier>> {
        let mut loaded = self.classifiers.loaded().into_iter();
        loaded.find(|classifier| {
            let (model, used) = (classifier.model(), &prediction.model);
            let same =
                (&model.name, &model.version, model.sha256) == (&used.name, &used.version, used.sha256);
            // Labels are not part of the digest: in another order the position would name another label.
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

    fn attribution() -> Attribution {
        Attribution {
            rows: 1,
            columns: 2,
            values: vec![0.0, 0.5],
        }
    }

    fn drawing(model: Model, drawn: Result<&'static [u8], ClassificationError>) -> ExplainPrediction {
        let mut reads = fixtures::with_prediction();
        reads
            .images
            .expect_find()
            .returning(|_, _| Ok(Some(fixtures::image())));
        let mut classifier = MockClassifier::new();
        classifier.expect_model().return_const(model);
        classifier
            .expect_heat_map()
            .withf(|_, _, label, overlay| *label == 1 && *overlay)
            .return_once(|_, _, _, _| drawn.map(Bytes::from_static));
        classifier
            .expect_attribution()
            .withf(|_, _, label| *label == 1)
            .return_once(|_, _, _| Ok(attribution()));
        ExplainPrediction {
            store: Arc::new(MockStore::reading(reads)),
            blobs: Arc::new(fixtures::readable_blobs()),
            classifiers: classifiers(vec![Arc::new(classifier)]),
        }
    }

    async fn draw(use_case: &ExplainPrediction, owner: UserId) -> Result<Bytes, ErrorCode> {
        let drawn = use_case.heat_map(owner, fixtures::prediction().id, true).await;
        drawn.map_err(|error| error.code())
    }

    #[tokio::test]
    async fn the_model_that_made_the_prediction_explains_its_label() {
        let use_case = drawing(fixtures::model("eyes", "1"), Ok(&b"png"[..]));
        assert_eq!(
            draw(&use_case, fixtures::owner()).await.as_deref(),
            Ok(&b"png"[..])
        );
        let explained = use_case
            .attribution(fixtures::owner(), fixtures::prediction().id)
            .await;
        assert_eq!(
            explained.expect("numbers"),
            (fixtures::prediction().label, attribution())
        );
    }

    #[tokio::test]
    async fn another_model_does_not_explain_the_prediction() {
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
    async fn the_prediction_of_another_user_is_absent_and_failures_are_reported() {
        let use_case = drawing(fixtures::model("eyes", "1"), Ok(&b"png"[..]));
        let other = UserId(Uuid::from_u128(2));
        assert_eq!(draw(&use_case, other).await, Err(ErrorCode::NotFound));
        let use_case = drawing(fixtures::model("eyes", "1"), Err(ClassificationError::Timeout));
        assert_eq!(draw(&use_case, fixtures::owner()).await, Err(ErrorCode::Timeout));
    }
}
