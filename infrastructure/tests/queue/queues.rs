//! Queues of one test. A broker that is missing fails the tests that need it.

use crate::broker::PrivateBroker;
use domain::{
    ids::{IdGenerator, TaskId},
    tasks::{Delivery, TaskNotifications},
};
use futures_util::FutureExt;
use infrastructure::{
    queue::{RabbitSettings, RabbitTaskQueue},
    system::UuidV7Generator,
};
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties,
    options::{
        BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions, QueueDeleteOptions,
    },
    types::FieldTable,
};
use std::{
    panic::{AssertUnwindSafe, resume_unwind},
    time::{Duration, Instant},
};

/// How long a message may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long nothing must come before it counts as none.
const SILENCE: Duration = Duration::from_millis(300);

/// The name of queues that are used by one test alone.
pub(crate) struct TestQueue {
    pub(crate) url: String,
    pub(crate) name: String,
}

impl TestQueue {
    /// On a broker of the test's own, where nothing has to be deleted.
    pub(crate) fn on(broker: &PrivateBroker) -> Self {
        Self::at(broker.url())
    }

    fn at(url: String) -> Self {
        let name = format!("ocellus.test.{}", UuidV7Generator.next().simple());
        Self { url, name }
    }

    pub(crate) fn dead(&self) -> String {
        format!("{}.dead", self.name)
    }

    pub(crate) fn settings(&self, workers: u16) -> RabbitSettings {
        let mut settings = RabbitSettings::new(self.url.as_str().into(), workers);
        settings.queue.clone_from(&self.name);
        settings
    }

    /// Connects as a process of its own would.
    pub(crate) async fn connect(&self, workers: u16) -> RabbitTaskQueue {
        let queue = RabbitTaskQueue::connect(self.settings(workers)).await;
        queue.expect("the test broker is there (tools/start_rabbitmq.sh starts it)")
    }

    /// A channel behind the adapter's back, with its connection.
    pub(crate) async fn channel(&self) -> (Connection, Channel) {
        let connection = Connection::connect(&self.url, ConnectionProperties::default()).await;
        let connection = connection.expect("the test broker is there");
        let channel = connection.create_channel().await.expect("a channel");
        (connection, channel)
    }

    /// Publishes what the adapter never would.
    pub(crate) async fn publish_text(&self, text: &[u8]) {
        let (_connection, channel) = self.channel().await;
        let confirming = channel.confirm_select(ConfirmSelectOptions::default());
        confirming.await.expect("confirms are known");
        let publishing = channel.basic_publish(
            "".into(),
            self.name.as_str().into(),
            BasicPublishOptions::default(),
            text,
            BasicProperties::default(),
        );
        let confirm = publishing.await.expect("a connection");
        assert!(confirm.await.expect("an answer").is_ack());
    }

    /// Takes messages out of a queue until it has given so many, and says what they hold.
    pub(crate) async fn take(&self, queue: &str, count: usize) -> Vec<String> {
        let (_connection, channel) = self.channel().await;
        let mut texts = Vec::new();
        let deadline = Instant::now() + PATIENCE;
        while texts.len() < count {
            let at_once = BasicGetOptions { no_ack: true };
            let got = channel.basic_get(queue.into(), at_once).await;
            if let Some(message) = got.expect("the queue is there") {
                texts.push(String::from_utf8_lossy(&message.data).into_owned());
            } else {
                assert!(
                    Instant::now() < deadline,
                    "{queue} gave only {texts:?} of {count}"
                );
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        texts
    }

    /// How many messages wait in a queue.
    pub(crate) async fn waiting(&self, queue: &str) -> u32 {
        let (_connection, channel) = self.channel().await;
        let look = QueueDeclareOptions {
            passive: true,
            ..QueueDeclareOptions::default()
        };
        let found = channel.queue_declare(queue.into(), look, FieldTable::default());
        found.await.expect("the queue is there").message_count()
    }

    pub(crate) async fn delete(&self) {
        let (_connection, channel) = self.channel().await;
        for name in [self.name.clone(), self.dead()] {
            let gone = channel.queue_delete(name.into(), QueueDeleteOptions::default());
            gone.await.expect("deleting what is absent is no error");
        }
    }
}

/// Runs a scenario on queues of its own of the broker at `OCELLUS_TEST_RABBITMQ_URL`. They are deleted however it ends.
pub(crate) async fn on_the_common_broker(scenario: impl AsyncFnOnce(&TestQueue)) {
    let url = std::env::var("OCELLUS_TEST_RABBITMQ_URL")
        .unwrap_or_else(|_| "amqp://guest:guest@127.0.0.1:5672/%2f".to_owned());
    let queue = TestQueue::at(url);
    let outcome = AssertUnwindSafe(scenario(&queue)).catch_unwind().await;
    queue.delete().await;
    outcome.unwrap_or_else(|panic| resume_unwind(panic));
}

pub(crate) fn new_tasks(count: usize) -> Vec<TaskId> {
    (0..count).map(|_| TaskId(UuidV7Generator.next())).collect()
}

/// The next call, which must come.
pub(crate) async fn call(calls: &impl TaskNotifications) -> Box<dyn Delivery> {
    let call = tokio::time::timeout(PATIENCE, calls.next()).await;
    call.expect("a call comes in time")
}

/// Follows so many calls, which must come.
pub(crate) async fn follow(calls: &impl TaskNotifications, count: usize) {
    for _ in 0..count {
        call(calls).await.ack().await;
    }
}

/// Whether no call comes for a while.
pub(crate) async fn silent(calls: &impl TaskNotifications) -> bool {
    tokio::time::timeout(SILENCE, calls.next()).await.is_err()
}
