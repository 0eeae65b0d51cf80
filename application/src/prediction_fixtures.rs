//! Models and what they say, in unit tests.

use super::{clock, image, now, owner};
use crate::predictions::ImageClassifier;
use domain::{
    ids::PredictionId,
    images::Sha256Digest,
    predictions::{
        Classifier, Classifiers, InputSize, Label, Labels, MockClassifier, MockClassifiers, Model, ModelName,
        Prediction, Probabilities,
    },
    store::test_support::MockRepositories,
};
use std::sync::Arc;
use uuid::Uuid;

pub(crate) fn label(text: &str) -> Label {
    Label::parse(text).expect("a valid label")
}

/// A model that tells healthy eyes from such with a cataract.
pub(crate) fn model(name: &str, version: &str) -> Model {
    let parse = |text| ModelName::parse(text).expect("a valid name");
    Model {
        name: parse(name),
        version: parse(version),
        sha256: Sha256Digest([5; 32]),
        labels: Labels::new(vec![label("normal"), label("cataract")]).expect("valid labels"),
        input: InputSize { height: 8, width: 8 },
    }
}

/// A loaded model that is not asked anything.
pub(crate) fn classifier(name: &str, version: &str) -> Arc<dyn Classifier> {
    let mut classifier = MockClassifier::new();
    classifier.expect_model().return_const(model(name, version));
    Arc::new(classifier)
}

/// The model `eyes`, which gives these outputs.
pub(crate) fn answering(logits: &[f32]) -> Arc<dyn Classifier> {
    let probabilities = Probabilities::of_logits(logits).expect("finite outputs");
    let mut classifier = MockClassifier::new();
    classifier.expect_model().return_const(model("eyes", "1"));
    classifier
        .expect_classify()
        .returning(move |_, _| Ok(probabilities.clone()));
    Arc::new(classifier)
}

/// These models, loaded.
pub(crate) fn classifiers(loaded: Vec<Arc<dyn Classifier>>) -> Arc<dyn Classifiers> {
    let mut classifiers = MockClassifiers::new();
    classifiers.expect_loaded().returning(move || loaded.clone());
    Arc::new(classifiers)
}

pub(crate) fn image_classifier(loaded: Vec<Arc<dyn Classifier>>) -> Arc<ImageClassifier> {
    Arc::new(ImageClassifier {
        classifiers: classifiers(loaded),
        clock: clock(),
    })
}

/// That the eye of [`image`] has a cataract; nothing was said of it yet.
pub(crate) fn prediction() -> Prediction {
    let probabilities = Probabilities::of_logits(&[0.0, 1.0]).expect("finite outputs");
    let id = PredictionId(Uuid::from_u128(9));
    Prediction::new(id, &image(), &model("eyes", "1"), &probabilities, now())
}

/// Reads that find [`prediction`].
pub(crate) fn with_prediction() -> MockRepositories {
    let mut reads = MockRepositories::default();
    reads.predictions.expect_find().returning(|of, id| {
        let known = (of, id) == (owner(), prediction().id);
        Ok(known.then(prediction))
    });
    reads
}
