//! Workers that a message broker calls: the database stays the truth, whatever becomes of the messages.

mod messages;
mod outages;

use std::collections::HashSet;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use lapin::options::{
    BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use serde_json::Value;
use tests::{
    Client, Database, Options, OwnDatabase, PrivateBroker, Server, Worker, bundled_image, eventually,
};
use tokio::sync::{Mutex, MutexGuard};

use crate::workers::{all_ended, listed};
use crate::{NO_WORKERS, PATIENCE, SHORT_LEASE, finished, stands, submitted, task, with};

const ONE: (&str, &str) = ("OCELLUS__WORKERS__COUNT", "1");
const QUEUE: &str = "ocellus.tasks";
const DEAD: &str = "ocellus.tasks.dead";
const TASKS: usize = 200;
/// Within this a worker does a small task that it is called for. By itself it looks for tasks ten seconds after the last.
const CALLED: Duration = Duration::from_secs(8);

/// The broker of the tests that let it live, which take turns with it. It has no queues at the beginning of each.
async fn shared_broker() -> MutexGuard<'static, PrivateBroker> {
    static BROKER: LazyLock<Mutex<PrivateBroker>> = LazyLock::new(|| Mutex::new(PrivateBroker::start()));
    let broker = BROKER.lock().await;
    let (_connection, channel) = channel(&broker).await;
    for queue in [QUEUE, DEAD] {
        let gone = channel.queue_delete(queue.into(), QueueDeleteOptions::default());
        gone.await.expect("deleting what is absent is no error");
    }
    broker
}

/// A channel behind the service's back, with its connection.
async fn channel(broker: &PrivateBroker) -> (Connection, Channel) {
    let connection = Connection::connect(&broker.url(), ConnectionProperties::default()).await;
    let connection = connection.expect("the broker answers");
    let channel = connection.create_channel().await.expect("a channel");
    (connection, channel)
}

/// How many messages wait in a queue, and how many processes take from it.
async fn state(broker: &PrivateBroker, queue: &str) -> (u32, u32) {
    let (_connection, channel) = channel(broker).await;
    let look = QueueDeclareOptions {
        passive: true,
        ..QueueDeclareOptions::default()
    };
    let found = channel.queue_declare(queue.into(), look, FieldTable::default());
    let found = found.await.expect("the queue is there");
    (found.message_count(), found.consumer_count())
}

/// Waits until so many messages lie in a queue.
async fn holds(broker: &PrivateBroker, queue: &str, count: u32) {
    let what = format!("{count} messages in {queue}");
    eventually(&what, PATIENCE, async || state(broker, queue).await.0 == count).await;
}

/// Waits until so many processes take from the queue.
async fn is_consumed_by(broker: &PrivateBroker, count: u32) {
    let what = format!("{count} consumers");
    eventually(&what, PATIENCE, async || state(broker, QUEUE).await.1 == count).await;
}

/// Sends messages that the service did not send.
async fn publish(broker: &PrivateBroker, messages: &[&str]) {
    let (_connection, channel) = channel(broker).await;
    let confirming = channel.confirm_select(ConfirmSelectOptions::default());
    confirming.await.expect("confirms are known");
    for message in messages {
        let publishing = channel.basic_publish(
            "".into(),
            QUEUE.into(),
            BasicPublishOptions::default(),
            message.as_bytes(),
            BasicProperties::default(),
        );
        let confirm = publishing.await.expect("a connection");
        assert!(confirm.await.expect("an answer").is_ack());
    }
}

/// Takes what lies among the dead letters.
async fn dead_letters(broker: &PrivateBroker) -> Vec<String> {
    let (_connection, channel) = channel(broker).await;
    let mut letters = Vec::new();
    let at_once = BasicGetOptions { no_ack: true };
    while let Some(letter) = channel
        .basic_get(DEAD.into(), at_once)
        .await
        .expect("the queue is there")
    {
        letters.push(String::from_utf8_lossy(&letter.data).into_owned());
    }
    letters
}

/// A server on a database of its own, whose workers are other processes that this broker calls.
fn server_on(database: Option<&OwnDatabase>, broker: &PrivateBroker) -> Server {
    let options = match database {
        Some(own) => Options::default()
            .keeping(own.clone())
            .setting("OCELLUS__DATABASE__URL", &own.url),
        None => Options::default(),
    };
    let options = options.setting("OCELLUS__QUEUE__URL", &broker.url());
    Server::start(with(options, NO_WORKERS))
}

fn three_workers(server: &Server) -> Vec<Worker> {
    (0..3).map(|_| server.worker(&[ONE])).collect()
}

fn rows(database: &OwnDatabase, table: &str) -> usize {
    let count = database.execute(&format!("SELECT COUNT(*) FROM {table}"));
    count.trim().parse().expect("a number")
}

/// What readiness, which must be given, tells of the queue.
async fn queue_status(client: &Client) -> Value {
    let ready = client.get("/health/ready").await.expect(200).json();
    ready["checks"]["queue"]["status"].clone()
}

/// Every one of these tasks, and no other, is done, at the first attempt and with a result.
async fn each_was_done_once(client: &Client, mut ids: HashSet<String>) {
    let tasks = listed(client).await;
    assert_eq!(tasks.len(), ids.len());
    let mut images = HashSet::new();
    for listed in &tasks {
        let id = listed["task_id"].as_str().expect("an id");
        let task = task(client, id).await;
        assert_eq!(
            (&task["status"], &task["attempts"]),
            (&"succeeded".into(), &1.into()),
            "{task}"
        );
        assert_eq!(
            task["result"]["pages"].as_array().map(Vec::len),
            Some(1),
            "{task}"
        );
        assert!(images.insert(task["image_id"].clone()), "{task}");
        assert!(ids.remove(id), "{task}");
    }
}

/// How long a task of the only worker takes, who has just done another: by himself he would not look for a long time.
async fn second_of_two(client: &Client) -> Duration {
    let id = submitted(client, bundled_image("hello.png")).await;
    finished(client, &id).await;
    let before = Instant::now();
    let id = submitted(client, bundled_image("hello.png")).await;
    finished(client, &id).await;
    before.elapsed()
}

/// Waits until the only worker, who is idle, does a task so soon that he must have been called.
async fn the_only_worker_is_called(client: &Client) {
    let waited = second_of_two(client).await;
    assert!(waited < CALLED, "{waited:?}");
}

async fn two_hundred_tasks_on_three_workers(database: Option<&OwnDatabase>) {
    let broker = shared_broker().await;
    let server = server_on(database, &broker);
    let user = server.user().await;
    let mut ids = HashSet::new();
    for _ in 0..TASKS / 2 {
        ids.insert(submitted(&user.client, bundled_image("hello.png")).await);
    }
    holds(&broker, QUEUE, 100).await;
    let mut workers = three_workers(&server);
    for _ in 0..TASKS / 2 {
        ids.insert(submitted(&user.client, bundled_image("hello.png")).await);
    }
    assert_eq!(ids.len(), TASKS);
    all_ended(&user.client).await;
    each_was_done_once(&user.client, ids).await;
    if let Some(own) = database {
        assert_eq!(rows(own, "texts"), TASKS);
    }

    workers.truncate(1);
    is_consumed_by(&broker, 1).await;
    holds(&broker, QUEUE, 0).await;
    the_only_worker_is_called(&user.client).await;
    assert_eq!(dead_letters(&broker).await, [""; 0]);
}

#[tokio::test]
async fn two_hundred_tasks_on_three_workers_whom_a_broker_calls_are_each_done_once() {
    two_hundred_tasks_on_three_workers(Some(&OwnDatabase::create(Database::Postgres))).await;
}

#[tokio::test]
async fn two_hundred_tasks_on_three_workers_whom_a_broker_calls_are_each_done_once_on_sqlite() {
    two_hundred_tasks_on_three_workers(None).await;
}
