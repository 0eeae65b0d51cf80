//! Predictions: what a classifier says of an image, and what a person says of that.

mod model;
mod ports;
mod probabilities;

pub use model::{InputSize, Label, Labels, Model, ModelName, ModelReference};
pub use ports::{ClassificationError, Classifier, Classifiers, RefusedModel};
#[cfg(feature = "test-support")]
pub use ports::{MockClassifier, MockClassifiers};
pub use probabilities::Probabilities;
