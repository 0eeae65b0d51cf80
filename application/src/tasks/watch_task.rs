//! Looking at a task: now, when it has come to its end, or at every step.

use super::{TaskSignals, signals::Stage};
use crate::Error;
use domain::{
    ids::{PredictionId, TaskId, UserId},
    ocr::Text,
    predictions::Prediction,
    store::Store,
    tasks::{Task, TaskStatus, TaskWork},
};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::broadcast::Receiver,
    time::{Instant, timeout_at},
};

/// How soon a change in another process is seen.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Counts those who follow a task or wait for its end.
const WATCHED: &str = "ocellus_tasks_watched";

/// What a task came to.
#[derive(Debug, Clone, PartialEq)]
pub enum TaskResult {
    /// What was read.
    Text(Text),
    /// What was predicted.
    Prediction(Prediction),
}

/// A task with what it came to.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskState {
    /// The task.
    pub task: Task,
    /// What it came to, when it succeeded and that is still there.
    pub result: Option<TaskResult>,
}

/// Shows a user's task.
pub struct WatchTask {
    /// Where tasks are kept.
    pub store: Arc<dyn Store>,
    /// Tells of changes in this process.
    pub signals: Arc<TaskSignals>,
}

impl WatchTask {
    /// The task as soon as it has come to its end, or as it is after `patience`, or when the process ends.
    /// [`Error::NotFound`] when the user has no such task.
    pub async fn wait(&self, owner: UserId, id: TaskId, patience: Duration) -> Result<TaskState, Error> {
        let mut follower = self.follow(owner, id);
        let until = Instant::now() + patience;
        let mut task = follower.next().await?.ok_or(Error::NotFound)?;
        // Past its end a timeout would still begin a look, and break it off.
        while !task.status.is_final() && Instant::now() < until {
            match timeout_at(until, follower.next()).await {
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
        Ok(match &task.work {
            TaskWork::Ocr { languages } => {
                let text = self.store.read().texts().find(task.image_id, languages).await?;
                text.map(TaskResult::Text)
            }
            TaskWork::Prediction { .. } => {
                let id = PredictionId(task.id.0);
                let prediction = self.store.read().predictions().find(task.owner_id, id).await?;
                prediction.map(TaskResult::Prediction)
            }
        })
    }

    /// Follows a task from now on.
    pub fn follow(&self, owner: UserId, id: TaskId) -> TaskFollower {
        metrics::gauge!(WATCHED).increment(1.0);
        TaskFollower {
            store: self.store.clone(),
            changes: self.signals.changes(),
            signals: self.signals.clone(),
            owner,
            id,
            last: None,
        }
    }
}

/// The steps of a task, as they come.
pub struct TaskFollower {
    store: Arc<dyn Store>,
    signals: Arc<TaskSignals>,
    changes: Receiver<TaskId>,
    owner: UserId,
    id: TaskId,
    last: Option<Task>,
}

impl TaskFollower {
    /// The task as it is, then as it is after each change; `None` after its end, when it is gone, or when the process
    /// ends. May be dropped while it waits.
    pub async fn next(&mut self) -> Result<Option<Task>, Error> {
        if self.last.as_ref().is_some_and(|task| task.status.is_final()) {
            return Ok(None);
        }
        loop {
            let found = self.store.read().tasks().find(self.owner, self.id).await?;
            let Some(task) = found else {
                return Ok(None);
            };
            if self.last.as_ref() != Some(&task) {
                self.last = Some(task.clone());
                return Ok(Some(task));
            }
            if !self.signals.working() {
                return Ok(None);
            }
            tokio::select! {
                () = Self::changed(&mut self.changes, self.id) => {}
                () = self.signals.reached(Stage::Finishing) => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Waits until something here says that the task changed. Who missed something looks, too.
    async fn changed(changes: &mut Receiver<TaskId>, id: TaskId) {
        while changes.recv().await.is_ok_and(|changed| changed != id) {}
    }
}

impl Drop for TaskFollower {
    fn drop(&mut self) {
        metrics::gauge!(WATCHED).decrement(1.0);
    }
}

#[cfg(test)]
#[path = "watch_task_tests.rs"]
mod tests;
