//! Classifying images, and looking back at what came of it.

mod delete_prediction;
mod explain_prediction;
mod export_history;
mod get_prediction;
mod give_feedback;
mod image_classifier;
mod list_history;
mod list_models;
mod predict_image;
mod show_dashboard;

pub use delete_prediction::DeletePrediction;
pub use explain_prediction::ExplainPrediction;
pub use export_history::{ExportHistory, ExportPage, ExportedPrediction};
pub use get_prediction::GetPrediction;
pub use give_feedback::{GiveFeedback, Judgement};
pub use image_classifier::ImageClassifier;
pub use list_history::ListHistory;
pub use list_models::ListModels;
pub use predict_image::PredictImage;
pub use show_dashboard::ShowDashboard;
