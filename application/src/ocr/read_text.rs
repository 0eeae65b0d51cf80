//! Reading the text of an image.

use super::TextReader;
use crate::Error;
use domain::{
    ids::{ImageId, UserId},
    ocr::{LanguageSet, Text},
    store::{Conflict, Store, StoreError},
};
use std::sync::Arc;

/// Reads an image once per set of languages and keeps what was read.
pub struct ReadText {
    /// Where images and texts are kept.
    pub store: Arc<dyn Store>,
    /// Reads what was not read yet.
    pub reader: Arc<TextReader>,
}

impl ReadText {
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
            .read()
            .images()
            .find(owner, image)
            .await?
            .ok_or(Error::NotFound)?;
        let languages = self.reader.languages(languages)?;
        if let Some(text) = self.reader.stored(image.id, &languages).await? {
            return Ok(text);
        }
        let _turn = self.reader.turn(image.id, &languages).await;
        // Who had the turn before may have read it.
        if let Some(text) = self.reader.stored(image.id, &languages).await? {
            return Ok(text);
        }
        let text = self.reader.read(&image, languages, Arc::new(())).await?;
        self.keep(text).await
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
                let stored = self.reader.stored(text.image_id, &text.languages).await?;
                stored.ok_or(Error::NotFound)
            }
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
#[path = "read_text_tests.rs"]
mod tests;
