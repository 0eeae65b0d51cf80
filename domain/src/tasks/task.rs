//! A task.

use crate::{
    clock::Timestamp,
    ids::{ImageId, TaskId, UserId},
    images::Image,
    ocr::LanguageSet,
    predictions::ModelReference,
};

/// What is to be done with the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskWork {
    /// Its text is read.
    Ocr {
        /// In these languages.
        languages: LanguageSet,
    },
    /// It is classified. The prediction has the id of the task.
    Prediction {
        /// By this model.
        model: ModelReference,
    },
}

/// Where a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TaskStatus {
    /// It waits for a worker, or for its next attempt.
    Queued,
    /// A worker has it.
    Running,
    /// It is done; the result is stored with the image.
    Succeeded,
    /// It cannot be done.
    Failed,
    /// Its owner took it back, or deleted the image.
    Cancelled,
}

impl TaskStatus {
    /// Whether the status never changes again.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

/// How far the work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskProgress {
    /// Pages that are done, of the latest attempt.
    pub done: u32,
    /// Pages that are worked on.
    pub total: u32,
}

/// Why a task failed, for its owner to act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskFailure {
    /// A stable code, one of those of problems.
    pub code: String,
    /// The reason, in words that may be shown.
    pub detail: String,
}

/// Work that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Names the task.
    pub id: TaskId,
    /// Who asked for it.
    pub owner_id: UserId,
    /// The image, which may be deleted by now.
    pub image_id: ImageId,
    /// What is to be done.
    pub work: TaskWork,
    /// Where it stands.
    pub status: TaskStatus,
    /// How often a worker began it.
    pub attempts: u32,
    /// How far it is.
    pub progress: TaskProgress,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When the latest attempt began.
    pub started_at: Option<Timestamp>,
    /// When it came to its end.
    pub finished_at: Option<Timestamp>,
    /// Why the latest attempt failed, while it is queued again or has failed for good.
    pub failure: Option<TaskFailure>,
}

impl Task {
    /// A task that waits for its first worker.
    pub fn new(id: TaskId, image: &Image, work: TaskWork, now: Timestamp) -> Self {
        let pages = match work {
            TaskWork::Ocr { .. } => image.pages,
            // The first page is looked at.
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
