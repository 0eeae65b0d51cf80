//! Asking for work on an image.

use super::TaskSignals;
use crate::{Error, ocr::TextReader, operations::IdempotencyGuard, predictions::ImageClassifier};
use domain::{
    clock::Clock,
    ids::{IdGenerator, ImageId, TaskId, UserId},
    ocr::LanguageSet,
    predictions::ModelReference,
    store::{Store, StoreError, Transaction},
    tasks::{Task, TaskWork},
};
use std::sync::Arc;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskRequest {
    /// The text of the image, in these languages or the default ones.
    Ocr(Option<LanguageSet>),
    /// A prediction, of this model or the default one.
    Prediction(Option<ModelReference>),
}

/// Writes down work on a stored image, for any worker to do.
pub struct SubmitTask {
    /// Where tasks are kept.
    pub store: Arc<dyn Store>,
    /// Knows the languages.
    pub reader: Arc<TextReader>,
    /// Knows the models.
    pub classifier: Arc<ImageClassifier>,
    /// When it was asked for.
    pub clock: Arc<dyn Clock>,
    /// Names the task.
    pub ids: Arc<dyn IdGenerator>,
    /// Wakes the workers here.
    pub signals: Arc<TaskSignals>,
    /// The most unfinished tasks of a user.
    pub in_flight_limit: Option<u64>,
}

impl SubmitTask {
    /// The queued task. [`Error::NotFound`] when the user has no such image, [`Error::UnsupportedLanguage`],
    /// [`Error::UnknownModel`] and [`Error::ModelNotLoaded`] when it could not be done, [`Error::TooManyTasks`].
    pub async fn execute(
        &self,
        owner: UserId,
        image: ImageId,
        request: TaskRequest,
        receipt: Option<&IdempotencyGuard<Task>>,
    ) -> Result<Task, Error> {
        let image = self
            .store
            .read()
            .images()
            .find(owner, image)
            .await?
            .ok_or(Error::NotFound)?;
        let work = match request {
            TaskRequest::Ocr(languages) => TaskWork::Ocr {
                languages: self.reader.languages(languages)?,
            },
            TaskRequest::Prediction(model) => TaskWork::Prediction {
                model: self.model(model)?,
            },
        };
        let task = Task::new(TaskId(self.ids.next()), &image, work, self.clock.now());
        let unit = self.store.begin().await?;
        add(&*unit, &task, self.in_flight_limit).await?;
        // Adding it locked its owner, as the deletion of an image does: what is there now stays until the commit, and
        // whoever deletes it later finds the task to cancel.
        if unit.images().find(owner, image.id).await?.is_none() {
            return Err(Error::NotFound);
        }
        if let Some(receipt) = receipt {
            receipt.keep(&*unit, &task).await?;
        }
        unit.commit().await?;
        self.signals.ring();
        Ok(task)
    }
}

impl SubmitTask {
    /// The model by its name, and by its version only where that is asked for: the task may be done after a newer one was
    /// loaded in its place.
    fn model(&self, asked: Option<ModelReference>) -> Result<ModelReference, Error> {
        let chosen = self.classifier.choose(asked.as_ref())?;
        Ok(asked.unwrap_or_else(|| ModelReference {
            name: chosen.model().name.clone(),
            version: None,
        }))
    }
}

/// Adds a task to a unit of work.
pub(crate) async fn add(unit: &dyn Transaction, task: &Task, limit: Option<u64>) -> Result<(), Error> {
    match unit.tasks().insert(task, limit).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(Error::TooManyTasks {
            limit: limit.unwrap_or_default(),
        }),
        Err(StoreError::OwnerDeleted) => Err(Error::Unauthenticated),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
#[path = "submit_task_tests.rs"]
mod tests;
