//! Retries that are due, and tasks whose worker died.

use super::{TaskSignals, failures::end_failed_attempt};
use crate::{Context, Error, ErrorCode};
use domain::tasks::{Claim, MAX_ATTEMPTS, TaskFailure};
use std::sync::Arc;

/// How many tasks of each kind one transaction changes.
const BATCH: u64 = 100;

/// Makes tasks ready whose retry is due, and ends attempts whose lease has expired. Every process runs it periodically.
pub struct TaskReaper {
    context: Context,
    signals: Arc<TaskSignals>,
}

impl TaskReaper {
    /// Creates the service.
    pub fn new(context: Context, signals: Arc<TaskSignals>) -> Self {
        Self { context, signals }
    }

    /// Handles every task that is due now.
    pub async fn run_once(&self) -> Result<(), Error> {
        // Tasks that are due but not returned are locked by another process, which handles them.
        while self.context.read().tasks().any_due(self.context.now()).await? && self.handle_batch().await? {}
        Ok(())
    }

    /// Returns whether any task was handled.
    async fn handle_batch(&self) -> Result<bool, Error> {
        let now = self.context.now();
        let (made_ready, expired) = self
            .context
            .transact(|tx| {
                Box::pin(async move {
                    let made_ready = tx.tasks().make_due_ready(now, BATCH).await?;
                    let expired = tx.tasks().lock_expired_leases(now, BATCH).await?;
                    for claim in &expired {
                        end_failed_attempt(tx, claim, worker_died(claim), true, now).await?;
                    }
                    Ok::<_, Error>((made_ready, expired))
                })
            })
            .await?;
        for _ in 0..made_ready {
            self.signals.notify_ready();
        }
        for claim in &expired {
            let (task, attempt) = (claim.task.id, claim.task.attempts);
            tracing::warn!(%task, attempt, "the lease of a task expired");
            self.signals.notify_changed(task);
        }
        Ok(made_ready > 0 || !expired.is_empty())
    }
}

fn worker_died(claim: &Claim) -> TaskFailure {
    TaskFailure {
        code: ErrorCode::Unavailable.to_string(),
        detail: format!(
            "The worker stopped before the work was done (attempt {} of {MAX_ATTEMPTS}).",
            claim.task.attempts
        ),
    }
}

#[cfg(test)]
#[path = "reaper_tests.rs"]
mod tests;
