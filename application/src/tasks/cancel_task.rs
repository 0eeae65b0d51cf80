//! Taking a task back.

use super::TaskSignals;
use crate::Error;
use domain::{
    clock::Clock,
    ids::{TaskId, UserId},
    store::Store,
    tasks::Cancellation,
};
use std::sync::Arc;

/// Cancels a user's task that has not come to its end.
pub struct CancelTask {
    /// Where tasks are kept.
    pub store: Arc<dyn Store>,
    /// When it was cancelled.
    pub clock: Arc<dyn Clock>,
    /// Stops the worker that has it, if it works here; another one notices when it renews its lease.
    pub signals: Arc<TaskSignals>,
}

impl CancelTask {
    /// [`Error::NotFound`] when the user has no such task, [`Error::TaskFinished`] when there is nothing left to cancel.
    pub async fn execute(&self, owner: UserId, id: TaskId) -> Result<(), Error> {
        let unit = self.store.begin().await?;
        match unit.tasks().cancel(owner, id, self.clock.now()).await? {
            Cancellation::Absent => Err(Error::NotFound),
            Cancellation::Finished => Err(Error::TaskFinished),
            Cancellation::Cancelled => {
                unit.commit().await?;
                self.signals.tell_cancelled(id);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;
    use crate::fixtures;
    use domain::store::test_support::{MockRepositories, MockStore};

    async fn cancel(found: Cancellation) -> (Result<(), Error>, usize, bool) {
        let mut work = MockRepositories::default();
        work.tasks
            .expect_cancel()
            .withf(|owner, id, now| {
                *owner == fixtures::owner() && *id == fixtures::task().id && *now == fixtures::now()
            })
            .times(1)
            .returning(move |_, _, _| Ok(found));
        let store = Arc::new(MockStore::default().then_work(work));
        let signals = Arc::new(TaskSignals::default());
        let mut cancellations = signals.cancellations();
        let cancel = CancelTask {
            store: store.clone(),
            clock: fixtures::clock(),
            signals,
        };
        let outcome = cancel.execute(fixtures::owner(), fixtures::task().id).await;
        (outcome, store.commits(), cancellations.try_recv().is_ok())
    }

    #[tokio::test]
    async fn a_task_that_has_not_ended_is_cancelled_and_its_worker_told() {
        let (outcome, commits, told) = cancel(Cancellation::Cancelled).await;
        outcome.expect("cancelled");
        assert_eq!((commits, told), (1, true));
    }

    #[tokio::test]
    async fn what_has_ended_or_is_not_there_is_not_cancelled() {
        for (found, code) in [
            (Cancellation::Finished, ErrorCode::Conflict),
            (Cancellation::Absent, ErrorCode::NotFound),
        ] {
            let (outcome, commits, told) = cancel(found).await;
            assert_eq!(
                (outcome.expect_err("refused").code(), commits, told),
                (code, 0, false)
            );
        }
    }
}
