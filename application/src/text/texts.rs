//! The texts of images.

use super::Recognizer;
use crate::{Context, Error};
use domain::{
    ids::{ImageId, UserId},
    ocr::{LanguageSet, Text},
    store::{Conflict, StoreError},
};
use std::sync::Arc;

/// Recognizes each image once per set of languages and stores the text.
pub struct Texts {
    context: Context,
    recognizer: Arc<Recognizer>,
}

impl Texts {
    /// Creates the service.
    pub fn new(context: Context, recognizer: Arc<Recognizer>) -> Self {
        Self { context, recognizer }
    }

    /// Returns the text of the owner's image, and recognizes it first if needed.
    ///
    /// [`Error::NotFound`] if another user owns the image or it does not exist, [`Error::UnsupportedLanguage`] if a
    /// language is not available.
    pub async fn read(
        &self,
        owner: UserId,
        image: ImageId,
        languages: Option<LanguageSet>,
    ) -> Result<Text, Error> {
        let found = self.context.read().images().find(owner, image).await?;
        let image = found.ok_or(Error::NotFound)?;
        let languages = self.recognizer.languages(languages)?;
        if let Some(text) = self.recognizer.stored(image.id, &languages).await? {
            return Ok(text);
        }
        let _lock = self.recognizer.lock(image.id, &languages).await;
        // The previous holder of the lock may have stored the text.
        if let Some(text) = self.recognizer.stored(image.id, &languages).await? {
            return Ok(text);
        }
        let text = self.recognizer.recognize(&image, languages, Arc::new(())).await?;
        self.store(text).await
    }

    /// Stores a text, or returns the one that another process has stored since.
    async fn store(&self, text: Text) -> Result<Text, Error> {
        let new = &text;
        let inserted = self
            .context
            .transact(|tx| Box::pin(async move { tx.texts().insert(new).await }))
            .await;
        match inserted {
            Ok(()) => Ok(text),
            Err(StoreError::Conflict(Conflict::Text)) => {
                let stored = self.recognizer.stored(text.image_id, &text.languages).await?;
                stored.ok_or(Error::NotFound)
            }
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
#[path = "texts_tests.rs"]
mod tests;
