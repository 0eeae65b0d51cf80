//! Taking care of tasks that wait and of those whose worker is gone.

use super::{TaskSignals, attempt::end_failed};
use crate::{Error, ErrorCode};
use domain::{
    clock::Clock,
    store::Store,
    tasks::{MAX_ATTEMPTS, TaskFailure},
};
use std::sync::Arc;

/// How many tasks are looked after in one unit of work.
const BATCH: u64 = 100;

/// Makes tasks ready whose rest is over, and takes tasks from workers that have not renewed their lease. Runs every now
/// and then in every process; any of them may find a task first.
pub struct TaskReaper {
    /// Where tasks are kept.
    pub store: Arc<dyn Store>,
    /// What is over.
    pub clock: Arc<dyn Clock>,
    /// Wakes the workers here.
    pub signals: Arc<TaskSignals>,
}

impl TaskReaper {
    /// Looks after every task that needs it now.
    pub async fn execute(&self) -> Result<(), Error> {
        // What is due but not found is being looked after by another process.
        while self.store.read().tasks().any_due(self.clock.now()).await? && self.tend().await? {}
        Ok(())
    }

    /// Whether there was anything to do.
    async fn tend(&self) -> Result<bool, Error> {
        let now = self.clock.now();
        let unit = self.store.begin().await?;
        let woken = unit.tasks().wake(now, BATCH).await?;
        let abandoned = unit.tasks().abandoned(now, BATCH).await?;
        for claim in &abandoned {
            let failure = TaskFailure {
                code: ErrorCode::Unavailable.to_string(),
                detail: format!(
                    "The worker stopped before the work was done (attempt {} of {MAX_ATTEMPTS}).",
                    claim.task.attempts
                ),
            };
            end_failed(&*unit, claim, failure, true, now).await?;
        }
        unit.commit().await?;
        for _ in 0..woken {
            self.signals.ring();
        }
        for claim in &abandoned {
            let (task, attempt) = (claim.task.id, claim.task.attempts);
            tracing::warn!(%task, attempt, "a worker gave no sign of life");
            self.signals.tell_changed(task);
        }
        Ok(woken > 0 || !abandoned.is_empty())
    }
}

#[cfg(test)]
#[path = "tend_tasks_tests.rs"]
mod tests;
