//! Processes that end in the middle of the work.

use std::time::Duration;

use tests::{
    Database, Options, Server, bundled_image, eventually, long_document, on_every_database, on_sqlite,
};

use crate::{NO_WORKERS, PATIENCE, SHORT_LEASE, finished, stands, submitted, task, with};

on_every_database!(
    a_task_whose_worker_is_killed_is_done_by_another,
    a_server_that_is_killed_with_its_workers_loses_no_task,
    a_worker_that_is_asked_to_end_hands_back_what_it_cannot_finish,
);

on_sqlite!(
    a_task_that_kills_every_worker_fails_after_its_attempts,
    a_worker_that_is_asked_to_end_finishes_what_it_can,
    a_server_that_is_asked_to_end_lets_go_of_those_who_wait,
);

const ONE: (&str, &str) = ("OCELLUS__WORKERS__COUNT", "1");

async fn a_task_whose_worker_is_killed_is_done_by_another(database: Database) {
    let server = Server::start(with(Options::on(database), NO_WORKERS));
    let user = server.user().await;
    let mut first = server.worker(&[ONE, SHORT_LEASE]);
    let id = submitted(&user.client, long_document(3)).await;
    stands(&user.client, &id, "running").await;
    first.kill();
    let _second = server.worker(&[ONE, SHORT_LEASE]);
    let done = finished(&user.client, &id).await;
    assert_eq!(
        (&done["status"], &done["attempts"]),
        (&"succeeded".into(), &2.into()),
        "{done}"
    );
    assert_eq!(done["result"]["pages"].as_array().map(Vec::len), Some(3));
}

async fn a_task_that_kills_every_worker_fails_after_its_attempts(database: Database) {
    let server = Server::start(with(Options::on(database), NO_WORKERS));
    let user = server.user().await;
    let id = submitted(&user.client, long_document(100)).await;
    for attempt in 1..=3 {
        let mut worker = server.worker(&[ONE, SHORT_LEASE]);
        eventually("the next attempt", PATIENCE, async || {
            let task = task(&user.client, &id).await;
            task["status"] == "running" && task["attempts"] == attempt
        })
        .await;
        worker.kill();
    }
    let failed = finished(&user.client, &id).await;
    assert_eq!(failed["status"], "failed");
    assert_eq!(failed["error"]["code"], "unavailable");
    assert_eq!(failed["error"]["status"], 503);
}

async fn a_server_that_is_killed_with_its_workers_loses_no_task(database: Database) {
    let options = with(Options::on(database), SHORT_LEASE);
    let mut server = Server::start(options);
    let user = server.user().await;
    let mut ids = Vec::new();
    for _ in 0..8 {
        ids.push(submitted(&user.client, bundled_image("a4.png")).await);
    }
    stands(&user.client, &ids[0], "running").await;
    server.kill();
    server.start_again();
    let client = server
        .client()
        .await
        .with_token(user.client.token().expect("a login"));
    for id in ids {
        assert_eq!(finished(&client, &id).await["status"], "succeeded");
    }
}

async fn a_worker_that_is_asked_to_end_hands_back_what_it_cannot_finish(database: Database) {
    let server = Server::start(with(Options::on(database), NO_WORKERS));
    let user = server.user().await;
    let mut worker = server.worker(&[ONE, ("OCELLUS__HTTP__SHUTDOWN_TIMEOUT", "2s")]);
    let id = submitted(&user.client, long_document(100)).await;
    stands(&user.client, &id, "running").await;
    // Far less than the lease: it did not just run out.
    assert_eq!(worker.end(Duration::from_secs(30)), Some(0));
    let back = task(&user.client, &id).await;
    assert_eq!(
        (&back["status"], &back["attempts"]),
        (&"queued".into(), &0.into())
    );
}

async fn a_worker_that_is_asked_to_end_finishes_what_it_can(database: Database) {
    let server = Server::start(with(Options::on(database), NO_WORKERS));
    let user = server.user().await;
    let mut worker = server.worker(&[ONE]);
    let id = submitted(&user.client, long_document(3)).await;
    let next = submitted(&user.client, bundled_image("a4.png")).await;
    stands(&user.client, &id, "running").await;
    assert_eq!(worker.end(PATIENCE), Some(0));
    assert_eq!(task(&user.client, &id).await["status"], "succeeded");
    assert_eq!(task(&user.client, &next).await["status"], "queued");
}

async fn a_server_that_is_asked_to_end_lets_go_of_those_who_wait(database: Database) {
    let mut server = Server::start(with(Options::on(database), NO_WORKERS));
    let user = server.user().await;
    let id = submitted(&user.client, bundled_image("hello.png")).await;
    let ask = |path: String| {
        let client = user.client.clone();
        tokio::spawn(async move { client.get(&path).await.expect(200).text() })
    };
    let (waiting, following) = (
        ask(format!("/tasks/{id}?wait=60")),
        ask(format!("/tasks/{id}/events")),
    );
    eventually("both to be connected", PATIENCE, async || {
        user.client.counted("ocellus_tasks_watched").await == 2
    })
    .await;
    server.ask_to_end();
    assert_eq!(server.wait_for_end(Duration::from_secs(15)), 0);
    assert!(waiting.await.expect("an answer").contains("\"queued\""));
    assert!(following.await.expect("a stream").contains("\"queued\""));
}
