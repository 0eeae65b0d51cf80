//! What predictions need from outside.

use super::{
    Attribution, ClockSpan, DayTally, Feedback, HistoryPage, HistoryQuery, Model, OutcomeCount, Prediction,
    Probabilities, QuarterHour,
};
use crate::{
    BoxError,
    ids::{ImageId, PredictionId, UserId},
    images::{ByteSource, Filename, ImageError, MediaType},
    store::StoreError,
};
use async_trait::async_trait;
use bytes::Bytes;
use std::sync::Arc;

/// Why a classifier gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClassificationError {
    /// The image cannot be decoded.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The model answered with something that is no number, or not one for each label.
    #[error("the model gave no usable answer")]
    UnusableOutput,
    /// It took longer than it may.
    #[error("classification took too long")]
    Timeout,
    /// Every thread is taken and as many wait as may.
    #[error("all threads are busy")]
    Busy,
    /// The bytes could not be read, or the engine broke down.
    #[error("the engine is unavailable")]
    Unavailable(#[source] BoxError),
}

/// A loaded model. Who holds one can use it to the end, whatever is loaded in its place meanwhile.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait Classifier: Send + Sync {
    /// What is known of it.
    fn model(&self) -> &Model;
    /// A probability for each label, of the first page as a person sees it. The bytes are asked for only when a thread
    /// is free.
    async fn classify(
        &self,
        media_type: MediaType,
        content: Box<dyn ByteSource>,
    ) -> Result<Probabilities, ClassificationError>;
    /// The attribution of the label at this position, for the first page.
    /// [`ClassificationError::UnusableOutput`] if the model has no such label.
    async fn attribution(
        &self,
        media_type: MediaType,
        content: Box<dyn ByteSource>,
        label: usize,
    ) -> Result<Attribution, ClassificationError>;
    /// The same as a PNG of the size of the first page, its longer side at most 1600 pixels: a colour map over the page,
    /// or on a transparent ground if `overlay` is false.
    async fn heat_map(
        &self,
        media_type: MediaType,
        content: Box<dyn ByteSource>,
        label: usize,
        overlay: bool,
    ) -> Result<Bytes, ClassificationError>;
}

/// A model that is configured and could not be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedModel {
    /// Where it was to come from, without any secret.
    pub source: String,
    /// What is wrong with it.
    pub reason: String,
}

/// The models that are loaded.
#[cfg_attr(feature = "test-support", mockall::automock)]
pub trait Classifiers: Send + Sync {
    /// Every loaded model, in the order of the configuration, each pair of name and version once. The first is used
    /// where a request names none.
    fn loaded(&self) -> Vec<Arc<dyn Classifier>>;
    /// Every model that is configured and was refused when it was loaded last.
    fn refused(&self) -> Vec<RefusedModel>;
}

/// Whose predictions are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Those of one user.
    Of(UserId),
    /// Everybody's.
    All,
}

/// Stored predictions, and counts of them. Every look and change names the owner: somebody else's prediction is as absent
/// as one that never was.
///
/// The counts are kept for each quarter of an hour and change in the unit of work that changes what is counted. So a look
/// at them costs by the time that it spans, not by the predictions in it. What changes a row here first locks its owner.
#[async_trait]
pub trait PredictionReader: Send + Sync {
    /// The owner's prediction with its latest feedback; `None` when there is none.
    async fn find(&self, owner: UserId, id: PredictionId) -> Result<Option<Prediction>, StoreError>;
    /// A page of the owner's predictions. Costs by the page and not by what there is, whatever the filter and the order
    /// are, except for a time span in the order of confidence.
    async fn history(&self, owner: UserId, query: &HistoryQuery) -> Result<HistoryPage, StoreError>;
    /// The names of these images of the owner; of those that are gone there is none.
    async fn filenames(
        &self,
        owner: UserId,
        images: &[ImageId],
    ) -> Result<Vec<(ImageId, Filename)>, StoreError>;
    /// How many predictions there are since then, by outcome; since ever with `None`.
    async fn outcomes(
        &self,
        scope: Scope,
        since: Option<QuarterHour>,
    ) -> Result<Vec<OutcomeCount>, StoreError>;
    /// The days of these spans on which there are predictions, each once, in order.
    async fn days(&self, scope: Scope, spans: &[ClockSpan]) -> Result<Vec<DayTally>, StoreError>;
    /// When the first prediction was made that there still is.
    async fn first_quarter(&self, scope: Scope) -> Result<Option<QuarterHour>, StoreError>;
}

/// [`PredictionReader`] and the changes, which only a [`Transaction`](crate::store::Transaction) can make.
#[async_trait]
pub trait PredictionRepository: PredictionReader {
    /// Adds a prediction that has no feedback yet. [`StoreError::OwnerDeleted`] when its owner or its image is gone.
    async fn insert(&self, prediction: &Prediction) -> Result<(), StoreError>;
    /// Adds feedback, which is the latest from now on; false when the owner has no such prediction.
    async fn add_feedback(
        &self,
        owner: UserId,
        id: PredictionId,
        feedback: &Feedback,
    ) -> Result<bool, StoreError>;
    /// Removes a prediction with all that was said of it; false when the owner has none such.
    async fn delete(&self, owner: UserId, id: PredictionId) -> Result<bool, StoreError>;
    /// Removes the predictions of an image that is about to be deleted.
    async fn delete_of_image(&self, owner: UserId, image: ImageId) -> Result<(), StoreError>;
    /// Removes the predictions of a user who is about to be deleted.
    async fn delete_of_owner(&self, owner: UserId) -> Result<(), StoreError>;
}
