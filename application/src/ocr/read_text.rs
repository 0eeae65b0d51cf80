//! Reading the text of an image.

use super::in_flight::InFlight;
use crate::{Error, images::open_content};
use domain::{
    clock::Clock,
    ids::{IdGenerator, ImageId, TextId, UserId},
    images::{BlobStore, Image},
    ocr::{Language, LanguageSet, OcrEngine, Text},
    store::{Conflict, Store, StoreError},
};
use std::sync::Arc;

/// Reads an image once per set of languages and keeps what was read.
pub struct ReadText {
    store: Arc<dyn Store>,
    blobs: Arc<dyn BlobStore>,
    engine: Arc<dyn OcrEngine>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGenerator>,
    default_languages: LanguageSet,
    in_flight: InFlight<(ImageId, LanguageSet)>,
}

impl ReadText {
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

    /// The text of the owner's image; [`Error::NotFound`] when there is no such image or it is somebody else's,
    /// [`Error::UnsupportedLanguage`] for a language that is not available.
    pub async fn execute(
        &self,
        owner: UserId,
        image: ImageId,
        languages: Option<LanguageSet>,
    ) -> Result<Text, Error> {
        let image = self
            .store
            .images()
            .find(owner, image)
            .await?
            .ok_or(Error::NotFound)?;
        let languages = languages.unwrap_or_else(|| self.default_languages.clone());
        self.check_available(&languages)?;
        if let Some(text) = self.store.texts().find(image.id, &languages).await? {
            return Ok(text);
        }
        let _turn = self.in_flight.turn((image.id, languages.clone())).await;
        // Who had the turn before may have read it.
        if let Some(text) = self.store.texts().find(image.id, &languages).await? {
            return Ok(text);
        }
        let text = self.recognize(&image, languages).await?;
        self.keep(text).await
    }

    fn check_available(&self, languages: &LanguageSet) -> Result<(), Error> {
        let available = self.engine.languages();
        match languages.iter().find(|language| !available.contains(language)) {
            None => Ok(()),
            Some(unknown) => Err(Error::UnsupportedLanguage {
                unknown: unknown.clone(),
                available: available
                    .iter()
                    .map(Language::as_str)
                    .collect::<Vec<_>>()
                    .join(", "),
            }),
        }
    }

    async fn recognize(&self, image: &Image, languages: LanguageSet) -> Result<Text, Error> {
        let content = open_content(&*self.store, &*self.blobs, image).await?;
        let recognition = self
            .engine
            .recognize(image.media_type, content, &languages, Arc::new(()))
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

    /// Saves a text, unless another process read the same meanwhile: then that one counts.
    async fn keep(&self, text: Text) -> Result<Text, Error> {
        let work = self.store.begin().await?;
        match work.texts().insert(&text).await {
            Ok(()) => {
                work.commit().await?;
                Ok(text)
            }
            Err(StoreError::Conflict(Conflict::Text)) => {
                drop(work);
                self.store
                    .texts()
                    .find(text.image_id, &text.languages)
                    .await?
                    .ok_or(Error::NotFound)
            }
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
#[path = "read_text_tests.rs"]
mod tests;
