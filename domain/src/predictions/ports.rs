//! What predictions need from outside.

use super::{Model, Probabilities};
use crate::{
    BoxError,
    images::{ByteSource, ImageError, MediaType},
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
    /// A picture, as PNG, of what spoke for the label at this position in the image: drawn over its first page, with a
    /// legend, and bounded in size.
    async fn heat_map(
        &self,
        media_type: MediaType,
        content: Box<dyn ByteSource>,
        label: usize,
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
