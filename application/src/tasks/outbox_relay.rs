//! The outbox: publishes messages of ready tasks to the broker.

use super::TaskSignals;
use crate::{Context, Error};
use domain::tasks::TaskPublisher;
use std::{sync::Arc, time::Duration};

/// How many tasks are published at once.
const BATCH: u64 = 200;
/// The interval of reads that find tasks of other processes.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// The delay after a failure.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// Publishes a message for every ready task that has none yet.
///
/// The row says whether the message is published, so no task is lost if the process or the broker fails in between. At worst
/// a message is sent twice, which has no effect.
pub struct OutboxRelay {
    context: Context,
    publisher: Arc<dyn TaskPublisher>,
    signals: Arc<TaskSignals>,
}

impl OutboxRelay {
    /// Creates the service.
    pub fn new(context: Context, publisher: Arc<dyn TaskPublisher>, signals: Arc<TaskSignals>) -> Self {
        Self {
            context,
            publisher,
            signals,
        }
    }

    /// Publishes until the future is dropped.
    pub async fn run(&self) {
        let mut failing = false;
        loop {
            match self.publish_pending().await {
                Ok(()) => failing = false,
                Err(error) => {
                    // One warning per outage.
                    if !failing {
                        tracing::warn!(
                            error = &error as &dyn std::error::Error,
                            "tasks cannot be published to the broker"
                        );
                    }
                    failing = true;
                    tokio::time::sleep(RETRY_DELAY).await;
                    continue;
                }
            }
            // After a timeout there may be tasks of other processes.
            let _ = tokio::time::timeout(POLL_INTERVAL, self.signals.ready()).await;
        }
    }

    /// Publishes every task that has no message yet.
    pub async fn publish_pending(&self) -> Result<(), Error> {
        loop {
            let tasks = self.context.read().tasks().unpublished(BATCH).await?;
            if tasks.is_empty() {
                return Ok(());
            }
            self.publisher.publish(&tasks).await.map_err(Error::Unavailable)?;
            let published = &tasks;
            self.context
                .transact(|tx| {
                    Box::pin(async move { Ok::<_, Error>(tx.tasks().mark_published(published).await?) })
                })
                .await?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;
    use crate::fixtures;
    use domain::{
        BoxError,
        store::test_support::{MockRepositories, MockStore},
        tasks::MockTaskPublisher,
    };
    use std::sync::Mutex;

    fn with_unpublished() -> MockStore {
        let found = Mutex::new([vec![fixtures::task().id], vec![]].into_iter());
        let mut reads = MockRepositories::default();
        reads
            .tasks
            .expect_unpublished()
            .returning(move |_| Ok(found.lock().expect("unpoisoned").next().expect("one more look")));
        MockStore::reading(reads)
    }

    fn relay(store: &Arc<MockStore>, publisher: MockTaskPublisher) -> OutboxRelay {
        OutboxRelay::new(fixtures::context(store), Arc::new(publisher), Arc::default())
    }

    #[tokio::test]
    async fn a_task_is_marked_after_the_broker_confirmed_its_message() {
        let mut work = MockRepositories::default();
        work.tasks
            .expect_mark_published()
            .withf(|tasks| *tasks == [fixtures::task().id])
            .times(1)
            .returning(|_| Ok(()));
        let store = Arc::new(with_unpublished().then_work(work));
        let mut publisher = MockTaskPublisher::new();
        publisher
            .expect_publish()
            .withf(|tasks| *tasks == [fixtures::task().id])
            .times(1)
            .returning(|_| Ok(()));
        relay(&store, publisher)
            .publish_pending()
            .await
            .expect("published");
        assert_eq!(store.commits(), 1);
    }

    #[tokio::test]
    async fn a_task_that_the_broker_rejected_stays_unpublished() {
        let store = Arc::new(with_unpublished());
        let mut publisher = MockTaskPublisher::new();
        publisher
            .expect_publish()
            .returning(|_| Err(BoxError::from("down")));
        let outcome = relay(&store, publisher).publish_pending().await;
        assert_eq!(outcome.expect_err("down").code(), ErrorCode::Unavailable);
        assert_eq!(store.commits(), 0);
    }
}
