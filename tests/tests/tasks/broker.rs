//! Workers that a message broker calls: the database stays the truth, whatever becomes of the messages.

use std::collections::HashSet;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use lapin::options::{
    BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions, QueueDeleteOptions,
    QueuePurgeOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use serde_json::Value;
use tests::{
    Client, Database, Options, OwnDatabase, PrivateBroker, Server, Worker, bundled_image, eventually,
    long_document, run_program,
};
use tokio::sync::{Mutex, MutexGuard, watch};

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

/// So fast tasks are submitted where it must not end by itself: the workers keep up.
const PACE: Duration = Duration::from_millis(50);

/// Submits tasks, all of which must be taken, until nobody counts them any more: their ids.
async fn load(client: Client, taken: watch::Sender<usize>) -> HashSet<String> {
    let mut ids = HashSet::new();
    let mut pace = tokio::time::interval(PACE);
    while !taken.is_closed() {
        pace.tick().await;
        ids.insert(submitted(&client, bundled_image("hello.png")).await);
        taken.send_replace(ids.len());
    }
    ids
}

/// Waits until twenty more tasks were taken.
async fn twenty_more(taken: &watch::Receiver<usize>) {
    let before = *taken.borrow();
    eventually("twenty more tasks to be taken", PATIENCE, async || {
        *taken.borrow() >= before + 20
    })
    .await;
}

// Tasks are submitted on other threads while this one waits for the broker.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_killed_under_load_and_comes_back_costs_no_task() {
    let mut broker = PrivateBroker::start();
    let own = OwnDatabase::create(Database::Postgres);
    let server = server_on(Some(&own), &broker);
    let user = server.user().await;
    let client = &user.client;
    assert_eq!(queue_status(client).await, "ok");
    let mut ids = HashSet::new();
    for _ in 0..TASKS / 2 {
        ids.insert(submitted(client, bundled_image("hello.png")).await);
    }
    let (count, taken) = watch::channel(0);
    let load = tokio::spawn(load(client.clone(), count));
    let mut workers = three_workers(&server);
    eventually("some tasks to be done", PATIENCE, async || {
        let path = "/tasks?limit=10&status=succeeded";
        let page = client.get(path).await.expect(200).json();
        page["items"].as_array().expect("items").len() == 10
    })
    .await;

    broker.kill();
    let left = client
        .get("/tasks?limit=1&status=queued")
        .await
        .expect(200)
        .json();
    assert_ne!(left["items"], Value::Array(vec![]), "it was in the midst of it");
    eventually("the queue to be told as failing", PATIENCE, async || {
        queue_status(client).await == "failing"
    })
    .await;
    twenty_more(&taken).await;
    assert_eq!(queue_status(client).await, "failing");

    broker.start_again();
    eventually("the queue to be told as well", PATIENCE, async || {
        queue_status(client).await == "ok"
    })
    .await;
    is_consumed_by(&broker, 3).await;
    twenty_more(&taken).await;
    drop(taken);
    ids.extend(load.await.expect("every task is taken"));
    all_ended(client).await;
    let tasks = ids.len();
    each_was_done_once(client, ids).await;
    assert_eq!((rows(&own, "tasks"), rows(&own, "texts")), (tasks, tasks));

    workers.truncate(1);
    is_consumed_by(&broker, 1).await;
    holds(&broker, QUEUE, 0).await;
    the_only_worker_is_called(client).await;
    assert_eq!(dead_letters(&broker).await, [""; 0]);
}

#[tokio::test]
async fn a_task_whose_server_is_killed_before_it_could_call_anybody_is_done() {
    let mut broker = PrivateBroker::start();
    let own = OwnDatabase::create(Database::Postgres);
    let mut server = server_on(Some(&own), &broker);
    let user = server.user().await;
    broker.kill();
    let id = submitted(&user.client, bundled_image("hello.png")).await;
    server.kill();
    broker.start_again();
    assert_eq!(state(&broker, QUEUE).await, (0, 0), "nobody was called");

    server.start_again();
    holds(&broker, QUEUE, 1).await;
    let _worker = server.worker(&[ONE]);
    let client = server.client().await;
    let client = client.with_token(user.client.token().expect("a login"));
    let done = finished(&client, &id).await;
    assert_eq!(
        (&done["status"], &done["attempts"]),
        (&"succeeded".into(), &1.into()),
        "{done}"
    );
    holds(&broker, QUEUE, 0).await;
    the_only_worker_is_called(&client).await;
}

#[tokio::test]
async fn a_task_whose_worker_is_killed_in_the_midst_of_it_is_done_by_another_who_is_called() {
    let broker = shared_broker().await;
    let own = OwnDatabase::create(Database::Postgres);
    let server = server_on(Some(&own), &broker);
    let user = server.user().await;
    let mut first = server.worker(&[ONE, SHORT_LEASE]);
    let id = submitted(&user.client, long_document(5)).await;
    stands(&user.client, &id, "running").await;
    let _second = server.worker(&[ONE, SHORT_LEASE]);
    is_consumed_by(&broker, 2).await;
    eventually("a page to be done", PATIENCE, async || {
        task(&user.client, &id).await["progress"]["pages_done"].as_u64() >= Some(1)
    })
    .await;
    first.kill();
    let killed = task(&user.client, &id).await;
    assert_eq!(killed["status"], "running", "{killed}");
    let done = finished(&user.client, &id).await;
    assert_eq!(
        (&done["status"], &done["attempts"]),
        (&"succeeded".into(), &2.into()),
        "{done}"
    );
    assert_eq!(done["result"]["pages"].as_array().map(Vec::len), Some(5));
    assert_eq!(rows(&own, "texts"), 1);
    is_consumed_by(&broker, 1).await;
    holds(&broker, QUEUE, 0).await;
    assert_eq!(dead_letters(&broker).await, [""; 0]);
}

#[tokio::test]
async fn messages_that_call_for_nothing_change_nothing() {
    let broker = shared_broker().await;
    let own = OwnDatabase::create(Database::Postgres);
    let server = server_on(Some(&own), &broker);
    let user = server.user().await;
    let mut workers = [server.worker(&[ONE]), server.worker(&[ONE])];
    let done = submitted(&user.client, bundled_image("hello.png")).await;
    let before = finished(&user.client, &done).await;
    let running = submitted(&user.client, long_document(3)).await;
    stands(&user.client, &running, "running").await;

    let absent = "0190a5e0-7a5e-7000-8000-000000000000";
    publish(&broker, &[&done, &done, absent, "no id at all", "", &running]).await;
    let later = submitted(&user.client, bundled_image("hello.png")).await;
    for id in [&later, &running] {
        let task = finished(&user.client, id).await;
        assert_eq!(
            (&task["status"], &task["attempts"]),
            (&"succeeded".into(), &1.into()),
            "{task}"
        );
    }
    holds(&broker, QUEUE, 0).await;
    holds(&broker, DEAD, 2).await;
    for worker in &mut workers {
        assert_eq!(worker.end(PATIENCE), Some(0), "{}", worker.log().text());
    }
    is_consumed_by(&broker, 0).await;
    // What they had not answered would have come back before they counted as gone.
    assert_eq!(state(&broker, QUEUE).await, (0, 0));
    let mut letters = dead_letters(&broker).await;
    letters.sort();
    assert_eq!(letters, ["", "no id at all"]);
    assert_eq!(task(&user.client, &done).await, before);
    assert_eq!((rows(&own, "tasks"), rows(&own, "texts")), (3, 3));
}

#[tokio::test]
async fn a_task_whose_message_is_lost_is_done_all_the_same() {
    let broker = shared_broker().await;
    let own = OwnDatabase::create(Database::Postgres);
    let server = server_on(Some(&own), &broker);
    let user = server.user().await;
    let id = submitted(&user.client, bundled_image("hello.png")).await;
    holds(&broker, QUEUE, 1).await;
    let (_connection, channel) = channel(&broker).await;
    let purged = channel.queue_purge(QUEUE.into(), QueuePurgeOptions::default());
    assert_eq!(purged.await.expect("the queue is there"), 1);
    let _worker = server.worker(&[ONE]);
    let done = finished(&user.client, &id).await;
    assert_eq!(
        (&done["status"], &done["attempts"]),
        (&"succeeded".into(), &1.into()),
        "{done}"
    );
    assert_eq!(rows(&own, "texts"), 1);
}

/// Noting that a task was told of takes this long here, as it might on a busy database.
const SLOW_NOTE: &str = "
    CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep(2); RETURN NEW; END $$;
    CREATE TRIGGER slow_note BEFORE UPDATE ON tasks FOR EACH ROW
        WHEN (OLD.state = 'ready' AND NEW.state = 'ready' AND OLD.due_at IS NOT NULL AND NEW.due_at IS NULL)
        EXECUTE FUNCTION dawdle()";

#[tokio::test]
async fn a_worker_that_is_called_before_that_was_noted_begins_at_once() {
    let broker = shared_broker().await;
    let own = OwnDatabase::create(Database::Postgres);
    let server = server_on(Some(&own), &broker);
    let user = server.user().await;
    let _worker = server.worker(&[ONE]);
    is_consumed_by(&broker, 1).await;
    own.execute(SLOW_NOTE);
    let waited = second_of_two(&user.client).await;
    assert!(waited < CALLED, "{waited:?}");
}

#[tokio::test]
async fn a_broker_that_is_not_there_or_lets_nobody_in_is_named_at_the_start_without_its_password() {
    let broker = shared_broker().await;
    let url = broker.url();
    let (_, place) = url.split_once('@').expect("an address with a login");
    let (host, _) = place.split_once('/').expect("an address with a virtual host");
    for (address, password) in [
        (format!("amqp://guest:canary@{place}"), "canary"),
        (format!("amqp://canary:canary@{place}"), "canary"),
        (format!("amqp://guest:guest@{host}/absent"), "guest:guest"),
        ("amqp://guest:canary@127.0.0.1:1/%2f".to_owned(), "canary"),
        ("amqp://guest:canary@127.0.0.1:port/%2f".to_owned(), "canary"),
        (format!("kafka://guest:canary@{place}"), "canary"),
    ] {
        for command in ["serve", "worker"] {
            let settings = [
                ("OCELLUS__QUEUE__URL", address.as_str()),
                ("OCELLUS__HTTP__PORT", "0"),
            ];
            let ended = run_program(&[command], &settings);
            let said = format!("{}{}", ended.output, ended.errors);
            assert_eq!(ended.code, Some(2), "{command} with {address}: {said}");
            assert!(said.contains("queue.url"), "{command} with {address}: {said}");
            assert!(!said.contains(password), "{command} with {address}: {said}");
            assert!(!said.contains("panicked"), "{command} with {address}: {said}");
        }
    }
}
