//! Predictions: what a classifier says of an image, and what a person says of that.

mod attribution;
mod calendar;
mod dashboard;
mod feedback;
mod history;
mod model;
mod ports;
mod prediction;
mod probabilities;

pub use attribution::Attribution;
pub use calendar::{ClockSpan, QuarterHour, Range, clock_spans, start_of_day};
pub use chrono_tz::Tz;
pub use dashboard::{Confusion, Dashboard, DayTally, LabelTally, OutcomeCount, Share, Tally};
pub use feedback::{Comment, Feedback, Outcome, Verdict};
pub use history::{HistoryFilter, HistoryKey, HistoryOrder, HistoryPage, HistoryPosition, HistoryQuery};
pub use model::{InputSize, Label, Labels, Model, ModelName, ModelReference};
pub use ports::{
    ClassificationError, Classifier, Classifiers, PredictionReader, PredictionRepository, RefusedModel, Scope,
};
#[cfg(feature = "test-support")]
pub use ports::{MockClassifier, MockClassifiers};
pub use prediction::{LabelProbability, Prediction, UsedModel};
pub use probabilities::Probabilities;
