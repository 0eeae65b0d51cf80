//! Messages that call for nothing, are lost, or come before their time; and brokers that let nobody in.

use super::*;
use lapin::options::QueuePurgeOptions;
use tests::{long_document, run_program};

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
