//! Classification, for whoever asks for it: a request at once, or a task later.

use crate::Error;
use domain::{
    clock::Clock,
    ids::PredictionId,
    images::{ByteSource, Image},
    predictions::{Classifier, Classifiers, Model, ModelReference, Prediction},
};
use std::sync::Arc;

/// Classifies images with the models that are loaded.
pub struct ImageClassifier {
    /// The models.
    pub classifiers: Arc<dyn Classifiers>,
    /// When a prediction is made.
    pub clock: Arc<dyn Clock>,
}

impl ImageClassifier {
    /// Returns the loaded models in the order of the configuration. The first is the default.
    pub fn models(&self) -> Vec<Model> {
        let loaded = self.classifiers.loaded();
        loaded
            .iter()
            .map(|classifier| classifier.model().clone())
            .collect()
    }

    /// The model that is asked for, or the default one: of those with the name, the latest version where none is named.
    /// [`Error::UnknownModel`] when there is none such, [`Error::ModelNotLoaded`] when any would do and there is none.
    pub(crate) fn choose(&self, asked: Option<&ModelReference>) -> Result<Arc<dyn Classifier>, Error> {
        let loaded = self.classifiers.loaded();
        let (name, version) = match (asked, loaded.first()) {
            (Some(asked), _) => (asked.name.clone(), asked.version.clone()),
            (None, Some(first)) => (first.model().name.clone(), None),
            (None, None) => return Err(Error::ModelNotLoaded),
        };
        let meant = |classifier: &Arc<dyn Classifier>| {
            let model = classifier.model();
            model.name == name && version.as_ref().is_none_or(|version| model.version == *version)
        };
        let by_version = |one: &Arc<dyn Classifier>, other: &Arc<dyn Classifier>| {
            one.model().version.cmp_versions(&other.model().version)
        };
        let latest = loaded.into_iter().filter(meant).max_by(by_version);
        latest.ok_or(Error::UnknownModel)
    }

    /// What the model says of the image, whose bytes these are; nothing is stored yet.
    pub(crate) async fn predict(
        &self,
        classifier: &dyn Classifier,
        id: PredictionId,
        image: &Image,
        content: Box<dyn ByteSource>,
    ) -> Result<Prediction, Error> {
        let model = classifier.model();
        let probabilities = classifier.classify(image.media_type, content).await?;
        if probabilities.as_slice().len() != model.labels.as_slice().len() {
            return Err(Error::UnusableOutput);
        }
        let prediction = Prediction::new(id, image, model, &probabilities, self.clock.now());
        let labels = [
            ("model", model.name.as_str().to_owned()),
            ("label", prediction.label.as_str().to_owned()),
        ];
        metrics::counter!("ocellus_predictions_total", &labels).increment(1);
        Ok(prediction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;
    use crate::fixtures::{self, PNG_START, classifier, image_classifier};
    use domain::images::test_support::ChunkSource;

    fn chosen(loaded: &[(&str, &str)], asked: Option<&str>) -> Result<String, ErrorCode> {
        let asked = asked.map(|text| ModelReference::parse(text).expect("a reference"));
        let loaded = loaded.iter().map(|(name, version)| classifier(name, version));
        let chosen = image_classifier(loaded.collect()).choose(asked.as_ref());
        let name = |classifier: Arc<dyn Classifier>| {
            let model = classifier.model();
            format!("{}@{}", model.name, model.version)
        };
        chosen.map(name).map_err(|error| error.code())
    }

    #[test]
    fn the_latest_version_of_the_name_is_meant_and_of_the_first_name_where_none_is_given() {
        let loaded = [("eyes", "1.9"), ("lungs", "3"), ("eyes", "1.10")];
        for (asked, expected) in [
            (None, "eyes@1.10"),
            (Some("eyes"), "eyes@1.10"),
            (Some("eyes@1.9"), "eyes@1.9"),
            (Some("lungs"), "lungs@3"),
        ] {
            assert_eq!(chosen(&loaded, asked).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn a_model_that_there_is_not_is_unknown_and_without_any_none_is_loaded() {
        for asked in ["ears", "eyes@2", "Eyes"] {
            assert_eq!(
                chosen(&[("eyes", "1")], Some(asked)),
                Err(ErrorCode::UnknownModel)
            );
        }
        assert_eq!(chosen(&[], None), Err(ErrorCode::ModelNotLoaded));
        assert_eq!(chosen(&[], Some("eyes")), Err(ErrorCode::UnknownModel));
    }

    #[tokio::test]
    async fn a_model_that_answers_for_other_labels_than_its_own_is_of_no_use() {
        let classifiers = image_classifier(vec![]);
        for (outputs, expected) in [
            (2, None),
            (1, Some(ErrorCode::Unavailable)),
            (3, Some(ErrorCode::Unavailable)),
        ] {
            let model = fixtures::answering(&vec![0.0; outputs]);
            let content = Box::new(ChunkSource::new([PNG_START]));
            let id = fixtures::prediction().id;
            let predicted = classifiers
                .predict(&*model, id, &fixtures::image(), content)
                .await;
            assert_eq!(predicted.err().map(|error| error.code()), expected);
        }
    }
}
