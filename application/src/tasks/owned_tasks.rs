//! The tasks of users: lists, results, changes and cancellation.

use super::{TaskSignals, signals::Stage};
use crate::{Context, Error};
use domain::{
    ids::{PredictionId, TaskId, UserId},
    ocr::Text,
    page::{Page, PageRequest},
    predictions::Prediction,
    tasks::{Cancellation, Task, TaskStatus, TaskWork},
};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::broadcast::Receiver,
    time::{Instant, timeout_at},
};

/// The interval of reads that find changes by other processes.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// The gauge of requests that watch a task.
const WATCHED: &str = "ocellus_tasks_watched";

/// The result of a task.
#[derive(Debug, Clone, PartialEq)]
pub enum TaskResult {
    /// The recognized text.
    Text(Text),
    /// The prediction.
    Prediction(Prediction),
}

/// A task with its result.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskState {
    /// The task.
    pub task: Task,
    /// The result, if the task succeeded and the result has not been deleted since.
    pub result: Option<TaskResult>,
}

/// The tasks of users.
pub struct Tasks {
    context: Context,
    signals: Arc<TaskSignals>,
}

impl Tasks {
    /// Creates the service.
    pub fn new(context: Context, signals: Arc<TaskSignals>) -> Self {
        Self { context, signals }
    }

    /// Returns a page of the owner's tasks without results, newest first, of one status or of all.
    pub async fn list(
        &self,
        owner: UserId,
        status: Option<TaskStatus>,
        page: PageRequest,
    ) -> Result<Page<Task>, Error> {
        Ok(self.context.read().tasks().list(owner, status, page).await?)
    }

    /// Cancels the owner's task.
    ///
    /// A worker in this process stops at once, one in another process at its next renewal. [`Error::NotFound`] if the owner
    /// has no such task, [`Error::TaskFinished`] if it has ended.
    pub async fn cancel(&self, owner: UserId, id: TaskId) -> Result<(), Error> {
        let now = self.context.now();
        let cancellation = self
            .context
            .transact(|tx| Box::pin(async move { tx.tasks().cancel(owner, id, now).await }))
            .await?;
        match cancellation {
            Cancellation::Absent => Err(Error::NotFound),
            Cancellation::Finished => Err(Error::TaskFinished),
            Cancellation::Cancelled => {
                self.signals.notify_cancelled(id);
                Ok(())
            }
        }
    }

    /// Returns the task when it has ended, after `timeout`, or when the process shuts down.
    ///
    /// [`Error::NotFound`] if the owner has no such task.
    pub async fn wait(&self, owner: UserId, id: TaskId, timeout: Duration) -> Result<TaskState, Error> {
        let mut watcher = self.watch(owner, id);
        let deadline = Instant::now() + timeout;
        let mut task = watcher.next().await?.ok_or(Error::NotFound)?;
        // After the deadline, a timeout would still begin a read and abort it.
        while !task.status.is_final() && Instant::now() < deadline {
            match timeout_at(deadline, watcher.next()).await {
                Ok(Ok(Some(changed))) => task = changed,
                Ok(Err(error)) => return Err(error),
                Ok(Ok(None)) | Err(_) => break,
            }
        }
        let result = self.result(&task).await?;
        Ok(TaskState { task, result })
    }

    async fn result(&self, task: &Task) -> Result<Option<TaskResult>, Error> {
        if task.status != TaskStatus::Succeeded {
            return Ok(None);
        }
        let read = self.context.read();
        Ok(match &task.work {
            TaskWork::Ocr { languages } => {
                let text = read.texts().find(task.image_id, languages).await?;
                text.map(TaskResult::Text)
            }
            TaskWork::Prediction { .. } => {
                let id = PredictionId(task.id.0);
                let prediction = read.predictions().find(task.owner_id, id).await?;
                prediction.map(TaskResult::Prediction)
            }
        })
    }

    /// Watches a task from now on.
    pub fn watch(&self, owner: UserId, id: TaskId) -> TaskWatcher {
        metrics::gauge!(WATCHED).increment(1.0);
        TaskWatcher {
            context: self.context.clone(),
            changes: self.signals.changes(),
            signals: self.signals.clone(),
            owner,
            id,
            last: None,
        }
    }
}

/// The successive states of a task.
pub struct TaskWatcher {
    context: Context,
    signals: Arc<TaskSignals>,
    changes: Receiver<TaskId>,
    owner: UserId,
    id: TaskId,
    last: Option<Task>,
}

impl TaskWatcher {
    /// Returns the task now, then after each change, and `None` after its end, its deletion or the shutdown of the process.
    ///
    /// The future may be dropped while it waits.
    pub async fn next(&mut self) -> Result<Option<Task>, Error> {
        if self.last.as_ref().is_some_and(|task| task.status.is_final()) {
            return Ok(None);
        }
        loop {
            let found = self.context.read().tasks().find(self.owner, self.id).await?;
            let Some(task) = found else {
                return Ok(None);
            };
            if self.last.as_ref() != Some(&task) {
                self.last = Some(task.clone());
                return Ok(Some(task));
            }
            if !self.signals.is_running() {
                return Ok(None);
            }
            tokio::select! {
                () = Self::changed(&mut self.changes, self.id) => {}
                () = self.signals.reached(Stage::Draining) => {}
                () = tokio::time::sleep(POLL_INTERVAL) => {}
            }
        }
    }

    /// Waits for a change of the task in this process, or until signals were missed.
    async fn changed(changes: &mut Receiver<TaskId>, id: TaskId) {
        while changes.recv().await.is_ok_and(|changed| changed != id) {}
    }
}

impl Drop for TaskWatcher {
    fn drop(&mut self) {
        metrics::gauge!(WATCHED).decrement(1.0);
    }
}

#[cfg(test)]
#[path = "owned_tasks_tests.rs"]
mod tests;
