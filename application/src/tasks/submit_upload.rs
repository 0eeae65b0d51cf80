//! Uploading an image to have it read later.

use super::{TaskSignals, submit_task};
use crate::{
    Error,
    images::{ImageIntake, Upload},
    ocr::TextReader,
    operations::IdempotencyGuard,
};
use domain::{
    clock::Clock,
    ids::{IdGenerator, TaskId},
    images::Image,
    ocr::LanguageSet,
    store::Transaction,
    tasks::{Task, TaskWork},
};
use std::sync::Arc;

/// Takes in an image together with the task to read it: either both are there or neither.
pub struct SubmitUpload {
    /// The way in for the image.
    pub intake: Arc<ImageIntake>,
    /// Knows the languages.
    pub reader: Arc<TextReader>,
    /// When it was asked for.
    pub clock: Arc<dyn Clock>,
    /// Names the task.
    pub ids: Arc<dyn IdGenerator>,
    /// Wakes the workers here.
    pub signals: Arc<TaskSignals>,
    /// The most unfinished tasks of a user.
    pub in_flight_limit: Option<u64>,
}

impl SubmitUpload {
    /// The queued task. Beside the errors of an upload [`Error::UnsupportedLanguage`], before a byte is taken, and
    /// [`Error::TooManyTasks`].
    pub async fn execute(
        &self,
        upload: Upload,
        languages: Option<LanguageSet>,
        receipt: Option<&IdempotencyGuard<Task>>,
    ) -> Result<Task, Error> {
        let languages = self.reader.languages(languages)?;
        let image = self.intake.receive(upload).await?;
        let work = TaskWork::Ocr { languages };
        let task = Task::new(TaskId(self.ids.next()), &image, work, self.clock.now());
        let added = self.add(&image, &task, receipt).await;
        let unit = self.intake.settle(&image.blob_key(), added).await?;
        // A commit that fails may be done all the same. Then the blob is needed; else its reservation runs out.
        unit.commit().await?;
        self.signals.ring();
        Ok(task)
    }

    async fn add(
        &self,
        image: &Image,
        task: &Task,
        receipt: Option<&IdempotencyGuard<Task>>,
    ) -> Result<Box<dyn Transaction>, Error> {
        let unit = self.intake.add(image).await?;
        submit_task::add(&*unit, task, self.in_flight_limit).await?;
        if let Some(receipt) = receipt {
            receipt.keep(&*unit, task).await?;
        }
        Ok(unit)
    }
}

#[cfg(test)]
#[path = "submit_upload_tests.rs"]
mod tests;
