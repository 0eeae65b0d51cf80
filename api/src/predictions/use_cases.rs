//! What can be done with predictions, put together on ports.

use crate::{ports::Ports, use_cases::Shared};
use application::{
    images::ImageIntake,
    predictions::{
        DeletePrediction, ExplainPrediction, ExportHistory, GetPrediction, GiveFeedback, ListHistory,
        ListModels, PredictImage, ShowDashboard,
    },
};
use std::sync::Arc;

/// The use cases of predictions.
pub struct PredictionUseCases {
    pub list_models: ListModels,
    pub predict_image: PredictImage,
    pub list_history: ListHistory,
    pub export_history: ExportHistory,
    pub get_prediction: GetPrediction,
    pub delete_prediction: DeletePrediction,
    pub explain_prediction: ExplainPrediction,
    pub give_feedback: GiveFeedback,
    pub show_dashboard: ShowDashboard,
}

impl PredictionUseCases {
    /// On the ports, with the way in that all images take.
    pub fn new(ports: &Ports, shared: &Shared, intake: Arc<ImageIntake>) -> Self {
        let (store, clock, ids) = (
            || ports.store.clone(),
            || ports.clock.clone(),
            || ports.ids.clone(),
        );
        Self {
            list_models: ListModels {
                classifiers: ports.classifiers.clone(),
            },
            predict_image: PredictImage {
                intake,
                classifier: shared.classifier.clone(),
                ids: ids(),
            },
            list_history: ListHistory { store: store() },
            export_history: ExportHistory { store: store() },
            get_prediction: GetPrediction { store: store() },
            delete_prediction: DeletePrediction { store: store() },
            explain_prediction: ExplainPrediction {
                store: store(),
                blobs: ports.blobs.clone(),
                classifiers: ports.classifiers.clone(),
            },
            give_feedback: GiveFeedback {
                store: store(),
                clock: clock(),
                ids: ids(),
            },
            show_dashboard: ShowDashboard {
                store: store(),
                clock: clock(),
            },
        }
    }
}
