//! Text recognition for requests and tasks.

use super::keyed_locks::KeyedLocks;
use crate::{Context, Error, images::open_content};
use domain::{
    ids::{ImageId, TextId},
    images::{BlobStore, Image},
    ocr::{Language, LanguageSet, OcrEngine, PageObserver, Text},
};
use std::sync::Arc;
use tokio::sync::OwnedMutexGuard;

/// Recognizes text with the engine. One caller in this process at a time recognizes an image in a set of languages.
pub struct Recognizer {
    context: Context,
    blobs: Arc<dyn BlobStore>,
    engine: Arc<dyn OcrEngine>,
    default_languages: LanguageSet,
    locks: KeyedLocks<(ImageId, LanguageSet)>,
}

impl Recognizer {
    /// Creates a recognizer that uses `default_languages` for requests without languages.
    pub fn new(
        context: Context,
        blobs: Arc<dyn BlobStore>,
        engine: Arc<dyn OcrEngine>,
        default_languages: LanguageSet,
    ) -> Self {
        Self {
            context,
            blobs,
            engine,
            default_languages,
            locks: KeyedLocks::new(),
        }
    }

    /// Returns the languages to recognize; [`Error::UnsupportedLanguage`] if one is not available.
    pub(crate) fn languages(&self, requested: Option<LanguageSet>) -> Result<LanguageSet, Error> {
        let languages = requested.unwrap_or_else(|| self.default_languages.clone());
        let available = self.engine.languages();
        let unknown = languages.iter().find(|language| !available.contains(language));
        match unknown.cloned() {
            None => Ok(languages),
            Some(unknown) => Err(Error::UnsupportedLanguage {
                unknown,
                available: available
                    .iter()
                    .map(Language::as_str)
                    .collect::<Vec<_>>()
                    .join(", "),
            }),
        }
    }

    /// Returns the stored text of an image in these languages.
    pub(crate) async fn stored(
        &self,
        image: ImageId,
        languages: &LanguageSet,
    ) -> Result<Option<Text>, Error> {
        Ok(self.context.read().texts().find(image, languages).await?)
    }

    /// Waits until no other caller in this process recognizes the image in these languages.
    ///
    /// The caller then looks for a stored text before it calls [`recognize`](Self::recognize).
    pub(crate) async fn lock(&self, image: ImageId, languages: &LanguageSet) -> OwnedMutexGuard<()> {
        self.locks.lock((image, languages.clone())).await
    }

    /// Recognizes the text of an image and does not store it; [`Error::NotFound`] if the image was deleted since.
    pub(crate) async fn recognize(
        &self,
        image: &Image,
        languages: LanguageSet,
        observer: Arc<dyn PageObserver>,
    ) -> Result<Text, Error> {
        let content = open_content(&*self.context.store, &*self.blobs, image).await?;
        let recognition = self
            .engine
            .recognize(image.media_type, content, &languages, observer)
            .await?;
        Ok(Text {
            id: TextId(self.context.new_id()),
            image_id: image.id,
            languages,
            pages: recognition.pages,
            engine: recognition.engine,
            duration_ms: recognition.duration_ms,
            created_at: self.context.now(),
        })
    }
}
