//! Tasks and their status.

use crate::{
    clock::Timestamp,
    ids::{ImageId, TaskId, UserId},
    images::Image,
    ocr::LanguageSet,
    predictions::ModelReference,
};

/// The kind of work on the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskWork {
    /// Text recognition.
    Ocr {
        /// The languages of the text.
        languages: LanguageSet,
    },
    /// Classification. The prediction has the id of the task.
    Prediction {
        /// The model.
        model: ModelReference,
    },
}

crate::named_enum! {
    /// The status of a task.
    pub enum TaskStatus {
        /// It waits for a worker or for its retry.
        Queued = "queued",
        /// A worker has claimed it.
        Running = "running",
        /// It is done, and its result is stored with the image.
        Succeeded = "succeeded",
        /// It failed permanently.
        Failed = "failed",
        /// Its owner cancelled it or deleted the image.
        Cancelled = "cancelled",
    }
}

impl TaskStatus {
    /// Returns whether the status never changes again.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

/// The progress of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskProgress {
    /// The pages that the latest attempt has done.
    pub done: u32,
    /// The pages to do.
    pub total: u32,
}

/// The reason for a failed attempt, shown to the owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskFailure {
    /// A stable code, one of those of problem documents.
    pub code: String,
    /// The reason as a sentence.
    pub detail: String,
}

/// Work on an image that a user requested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// The id.
    pub id: TaskId,
    /// The user who requested it.
    pub owner_id: UserId,
    /// The image, which may have been deleted since.
    pub image_id: ImageId,
    /// The work.
    pub work: TaskWork,
    /// The status.
    pub status: TaskStatus,
    /// The number of attempts that workers have begun.
    pub attempts: u32,
    /// The progress.
    pub progress: TaskProgress,
    /// When it was requested.
    pub created_at: Timestamp,
    /// When the latest attempt began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Why the latest attempt failed, while the task waits for its retry or has failed permanently.
    pub failure: Option<TaskFailure>,
}

impl Task {
    /// Creates a queued task.
    pub fn new(id: TaskId, image: &Image, work: TaskWork, now: Timestamp) -> Self {
        let pages = match work {
            TaskWork::Ocr { .. } => image.pages,
            // Only the first page is classified.
            TaskWork::Prediction { .. } => 1,
        };
        Self {
            id,
            owner_id: image.owner_id,
            image_id: image.id,
            work,
            status: TaskStatus::Queued,
            attempts: 0,
            progress: TaskProgress {
                done: 0,
                total: pages,
            },
            created_at: now,
            started_at: None,
            finished_at: None,
            failure: None,
        }
    }
}
