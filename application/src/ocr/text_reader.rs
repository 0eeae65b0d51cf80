//! Recognition, for whoever asks for it: a request at once, or a task later.

use super::in_flight::InFlight;
use crate::{Error, images::open_content};
use domain::{
    clock::Clock,
    ids::{IdGenerator, ImageId, TextId},
    images::{BlobStore, Image},
    ocr::{Language, LanguageSet, OcrEngine, PageObserver, Text},
    store::Store,
};
use std::sync::Arc;
use tokio::sync::OwnedMutexGuard;

/// Reads images with the engine. In this process one caller at a time reads an image in a set of languages.
pub struct TextReader {
    store: Arc<dyn Store>,
    blobs: Arc<dyn BlobStore>,
    engine: Arc<dyn OcrEngine>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGenerator>,
    default_languages: LanguageSet,
    in_flight: InFlight<(ImageId, LanguageSet)>,
}

impl TextReader {
    /// Reads with `engine` the bytes in `blobs`, in `default_languages` where a request names none.
    pub fn new(
        store: Arc<dyn Store>,
        blobs: Arc<dyn BlobStore>,
        engine: Arc<dyn OcrEngine>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdGenerator>,
        default_languages: LanguageSet,
    ) -> Self {
        Self {
            store,
            blobs,
            engine,
            clock,
            ids,
            default_languages,
            in_flight: InFlight::new(),
        }
    }

    /// The languages to read in; [`Error::UnsupportedLanguage`] when one is not available.
    pub(crate) fn languages(&self, asked: Option<LanguageSet>) -> Result<LanguageSet, Error> {
        let languages = asked.unwrap_or_else(|| self.default_languages.clone());
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

    /// What was read before.
    pub(crate) async fn stored(
        &self,
        image: ImageId,
        languages: &LanguageSet,
    ) -> Result<Option<Text>, Error> {
        Ok(self.store.read().texts().find(image, languages).await?)
    }

    /// Waits until nobody else here reads the image in these languages. Who gets the turn looks at what is stored first.
    pub(crate) async fn turn(&self, image: ImageId, languages: &LanguageSet) -> OwnedMutexGuard<()> {
        self.in_flight.turn((image, languages.clone())).await
    }

    /// Reads the image; nothing is stored yet. [`Error::NotFound`] when the image is deleted meanwhile.
    pub(crate) async fn read(
        &self,
        image: &Image,
        languages: LanguageSet,
        observer: Arc<dyn PageObserver>,
    ) -> Result<Text, Error> {
        let content = open_content(&*self.store, &*self.blobs, image).await?;
        let recognition = self
            .engine
            .recognize(image.media_type, content, &languages, observer)
            .await?;
        Ok(Text {
            id: TextId(self.ids.next()),
            image_id: image.id,
            languages,
            pages: recognition.pages,
            engine: recognition.engine,
            duration_ms: recognition.duration_ms,
            created_at: self.clock.now(),
        })
    }
}
