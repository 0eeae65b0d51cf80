//! Submission of tasks.

use super::TaskSignals;
use crate::{
    Context, Error,
    images::{Upload, Uploads},
    operations::{IdempotencyGuard, store_response},
    predictions::ImageClassifier,
    text::Recognizer,
};
use domain::{
    ids::{ImageId, TaskId, UserId},
    images::Image,
    ocr::LanguageSet,
    predictions::ModelReference,
    store::{StoreError, Transaction},
    tasks::{Task, TaskWork},
};
use std::sync::Arc;

/// The requested work on an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskRequest {
    /// The text, in these languages or the default ones.
    Ocr(Option<LanguageSet>),
    /// A prediction, of this model or the default one.
    Prediction(Option<ModelReference>),
}

/// Queues tasks.
pub struct Submissions {
    /// The store, the time and new ids.
    pub context: Context,
    /// Receives images.
    pub uploads: Arc<Uploads>,
    /// Checks languages.
    pub recognizer: Arc<Recognizer>,
    /// Checks models.
    pub classifier: Arc<ImageClassifier>,
    /// Notifies the workers of this process.
    pub signals: Arc<TaskSignals>,
    /// The limit of unfinished tasks per user.
    pub in_flight_limit: Option<u64>,
}

impl Submissions {
    /// Queues a task on a stored image. The response for `guard` is stored in the same commit.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if another user owns the image or it does not exist, [`Error::UnsupportedLanguage`],
    /// [`Error::UnknownModel`] or [`Error::ModelNotLoaded`] if the work cannot be done, [`Error::TooManyTasks`].
    pub async fn submit(
        &self,
        owner: UserId,
        image: ImageId,
        request: TaskRequest,
        guard: Option<&IdempotencyGuard<Task>>,
    ) -> Result<Task, Error> {
        let found = self.context.read().images().find(owner, image).await?;
        let image = found.ok_or(Error::NotFound)?;
        let work = match request {
            TaskRequest::Ocr(languages) => TaskWork::Ocr {
                languages: self.recognizer.languages(languages)?,
            },
            TaskRequest::Prediction(model) => TaskWork::Prediction {
                model: self.model(model)?,
            },
        };
        let queued = self.new_task(&image, work);
        let task = &queued;
        self.context
            .transact(|tx| {
                Box::pin(async move {
                    self.insert(tx, task).await?;
                    // The insertion locks the owner, and so does the deletion of an image. An image that exists now exists
                    // until the commit, and its later deletion finds the task to cancel.
                    if tx.images().find(owner, task.image_id).await?.is_none() {
                        return Err(Error::NotFound);
                    }
                    store_response(guard, tx, task).await
                })
            })
            .await?;
        self.signals.notify_ready();
        Ok(queued)
    }

    /// Stores an image and queues the task to recognize its text, in one commit with the response for `guard`.
    ///
    /// # Errors
    ///
    /// Those of an upload, [`Error::UnsupportedLanguage`] before a byte is received, and [`Error::TooManyTasks`].
    pub async fn submit_upload(
        &self,
        upload: Upload,
        languages: Option<LanguageSet>,
        guard: Option<&IdempotencyGuard<Task>>,
    ) -> Result<Task, Error> {
        let languages = self.recognizer.languages(languages)?;
        let image = self.uploads.receive(upload).await?;
        let queued = self.new_task(&image, TaskWork::Ocr { languages });
        let task = &queued;
        self.uploads
            .add(&image, &|tx| {
                Box::pin(async move {
                    self.insert(tx, task).await?;
                    store_response(guard, tx, task).await
                })
            })
            .await?;
        self.signals.notify_ready();
        Ok(queued)
    }

    fn new_task(&self, image: &Image, work: TaskWork) -> Task {
        Task::new(TaskId(self.context.new_id()), image, work, self.context.now())
    }

    /// Returns the model to store. It names a version only if the request does, because a newer version may be loaded when
    /// the task runs.
    fn model(&self, requested: Option<ModelReference>) -> Result<ModelReference, Error> {
        let chosen = self.classifier.choose(requested.as_ref())?;
        Ok(requested.unwrap_or_else(|| ModelReference {
            name: chosen.model().name.clone(),
            version: None,
        }))
    }

    async fn insert(&self, tx: &dyn Transaction, task: &Task) -> Result<(), Error> {
        match tx.tasks().insert(task, self.in_flight_limit).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Error::TooManyTasks {
                limit: self.in_flight_limit.unwrap_or_default(),
            }),
            Err(StoreError::OwnerDeleted) => Err(Error::Unauthenticated),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
#[path = "submissions_tests.rs"]
mod tests;
