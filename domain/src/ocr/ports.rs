//! What reading needs from outside.

use super::{Language, LanguageSet, Text, TextPage};
use crate::{
    BoxError,
    ids::ImageId,
    images::{ByteSource, ImageError, MediaType},
    store::StoreError,
};
use async_trait::async_trait;
use std::sync::Arc;

/// Stored texts.
#[async_trait]
pub trait TextReader: Send + Sync {
    /// What was read from the image in these languages, in this order; `None` when it was not read yet.
    async fn find(&self, image: ImageId, languages: &LanguageSet) -> Result<Option<Text>, StoreError>;
}

/// [`TextReader`] and the changes, which only a [`Transaction`](crate::store::Transaction) can make.
#[async_trait]
pub trait TextRepository: TextReader {
    /// Adds a text with its pages. [`Conflict::Text`](crate::store::Conflict) when it was read already,
    /// [`StoreError::OwnerDeleted`] when the image is gone.
    async fn insert(&self, text: &Text) -> Result<(), StoreError>;
}

/// The outcome of one recognition.
#[derive(Debug, Clone, PartialEq)]
pub struct Recognition {
    /// The pages, in order.
    pub pages: Vec<TextPage>,
    /// Name and version of the engine.
    pub engine: String,
    /// Milliseconds that recognition took, without the wait for an engine.
    pub duration_ms: u64,
}

/// Why an image was not read.
#[derive(Debug, thiserror::Error)]
pub enum OcrError {
    /// The image cannot be decoded.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// A page took longer than it may.
    #[error("recognition took too long")]
    Timeout,
    /// Every engine is taken and as many wait as may.
    #[error("all engines are busy")]
    Busy,
    /// The engine broke down.
    #[error("the engine is unavailable")]
    Unavailable(#[source] BoxError),
}

/// Hears how far a recognition is.
pub trait PageObserver: Send + Sync {
    /// So many pages are done. Called from the thread that reads, so it must not wait.
    fn pages_done(&self, count: u32);
}

/// Nobody listens.
impl PageObserver for () {
    fn pages_done(&self, _count: u32) {}
}

/// Reads text.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait OcrEngine: Send + Sync {
    /// The languages that are installed and allowed, sorted.
    fn languages(&self) -> Vec<Language>;
    /// Reads every page, each under a deadline. The languages must be among [`OcrEngine::languages`]. The bytes are
    /// asked for only when an engine is free. Who drops the future stops the reading at the next word.
    async fn recognize(
        &self,
        media_type: MediaType,
        content: Box<dyn ByteSource>,
        languages: &LanguageSet,
        observer: Arc<dyn PageObserver>,
    ) -> Result<Recognition, OcrError>;
}
