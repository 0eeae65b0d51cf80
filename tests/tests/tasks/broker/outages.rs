//! Brokers, servers and workers that are killed.

use super::*;
use tests::long_document;
use tokio::sync::watch;

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
