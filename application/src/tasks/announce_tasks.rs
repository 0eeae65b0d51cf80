//! Telling workers on other machines of tasks.

use super::TaskSignals;
use crate::Error;
use domain::{store::Store, tasks::TaskPublisher};
use std::{sync::Arc, time::Duration};

/// How many tasks are told of at once.
const BATCH: u64 = 200;
/// How soon a task that became ready in another process, or was missed, is told of.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// The rest after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Publishes a message for every ready task that none tells of. The row says which those are, so nothing is forgotten when
/// the process or the broker dies in between; at worst a message is sent twice, which does no harm.
pub struct OutboxRelay {
    /// Where tasks are kept.
    pub store: Arc<dyn Store>,
    /// The broker.
    pub messages: Arc<dyn TaskPublisher>,
    /// Tells of tasks that become ready in this process.
    pub signals: Arc<TaskSignals>,
}

impl OutboxRelay {
    /// Publishes for as long as it is polled.
    pub async fn run(&self) {
        let mut failing = false;
        loop {
            match self.execute().await {
                Ok(()) => failing = false,
                Err(error) => {
                    // Once for each outage.
                    if !failing {
                        tracing::warn!(
                            error = &error as &dyn std::error::Error,
                            "tasks wait for the broker"
                        );
                    }
                    failing = true;
                    tokio::time::sleep(AFTER_FAILURE).await;
                    continue;
                }
            }
            // Either way there may be something to publish.
            let _ = tokio::time::timeout(LOOK_EVERY, self.signals.rung()).await;
        }
    }

    /// Publishes what is there to publish.
    pub async fn execute(&self) -> Result<(), Error> {
        loop {
            let tasks = self.store.read().tasks().unpublished(BATCH).await?;
            if tasks.is_empty() {
                return Ok(());
            }
            self.messages.publish(&tasks).await.map_err(Error::Unavailable)?;
            let unit = self.store.begin().await?;
            unit.tasks().mark_published(&tasks).await?;
            unit.commit().await?;
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

    fn with_unannounced() -> MockStore {
        let found = Mutex::new([vec![fixtures::task().id], vec![]].into_iter());
        let mut reads = MockRepositories::default();
        reads
            .tasks
            .expect_unpublished()
            .returning(move |_| Ok(found.lock().expect("unpoisoned").next().expect("one more look")));
        MockStore::reading(reads)
    }

    fn announcing(store: &Arc<MockStore>, messages: MockTaskPublisher) -> OutboxRelay {
        OutboxRelay {
            store: store.clone(),
            messages: Arc::new(messages),
            signals: Arc::default(),
        }
    }

    #[tokio::test]
    async fn a_task_is_marked_after_the_broker_has_its_message() {
        let mut work = MockRepositories::default();
        work.tasks
            .expect_mark_published()
            .withf(|tasks| *tasks == [fixtures::task().id])
            .times(1)
            .returning(|_| Ok(()));
        let store = Arc::new(with_unannounced().then_work(work));
        let mut messages = MockTaskPublisher::new();
        messages
            .expect_publish()
            .withf(|tasks| *tasks == [fixtures::task().id])
            .times(1)
            .returning(|_| Ok(()));
        announcing(&store, messages).execute().await.expect("published");
        assert_eq!(store.commits(), 1);
    }

    #[tokio::test]
    async fn a_task_that_the_broker_did_not_take_stays_to_be_told_of() {
        let store = Arc::new(with_unannounced());
        let mut messages = MockTaskPublisher::new();
        messages
            .expect_publish()
            .returning(|_| Err(BoxError::from("down")));
        let outcome = announcing(&store, messages).execute().await;
        assert_eq!(outcome.expect_err("down").code(), ErrorCode::Unavailable);
        assert_eq!(store.commits(), 0);
    }
}
