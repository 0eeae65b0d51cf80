//! Classifying images, and looking back at what came of it.

mod dashboard;
mod explain_prediction;
mod history;
mod image_classifier;
mod predict_image;

pub use dashboard::Dashboards;
pub use explain_prediction::ExplainPrediction;
pub use history::{ExportPage, ExportedPrediction, NewFeedback, PredictionHistory};
pub use image_classifier::ImageClassifier;
pub use predict_image::PredictImage;
