//! Taking tasks back.

use tests::{
    Database, Options, Server, User, bundled_image, eventually, long_document, on_every_database, on_sqlite,
};

use crate::{NO_WORKERS, PATIENCE, finished, id, stands, submit, submitted, task, with};

on_every_database!(
    a_task_in_another_process_is_stopped_too,
    deleting_an_image_cancels_its_tasks,
    an_account_can_be_deleted_while_its_task_runs,
);

on_sqlite!(
    a_task_that_waits_is_cancelled_and_never_begun,
    a_task_that_runs_is_stopped_in_the_middle,
);

async fn cancel(user: &User, id: &str) {
    user.client.delete(&format!("/tasks/{id}")).await.expect(204);
}

async fn a_task_that_waits_is_cancelled_and_never_begun(database: Database) {
    let server = Server::start(with(Options::on(database), NO_WORKERS));
    let user = server.user().await;
    let first = submitted(&user.client, bundled_image("hello.png")).await;
    let second = submitted(&user.client, bundled_image("hello.png")).await;
    cancel(&user, &first).await;
    let answer = user.client.delete(&format!("/tasks/{first}")).await;
    answer.problem(409, "conflict");
    let _worker = server.worker(&[("OCELLUS__WORKERS__COUNT", "1")]);
    finished(&user.client, &second).await;
    let cancelled = task(&user.client, &first).await;
    assert_eq!(
        (&cancelled["status"], &cancelled["attempts"]),
        (&"cancelled".into(), &0.into())
    );
    assert!(cancelled["finished_at"].is_string());
    user.client
        .delete(&format!("/tasks/{second}"))
        .await
        .problem(409, "conflict");
}

/// The engines that read something now.
async fn busy(user: &User) -> u64 {
    user.client.counted("ocellus_ocr_engines_busy").await
}

async fn a_task_that_runs_is_stopped_in_the_middle(database: Database) {
    let server = Server::start(Options::on(database).setting("OCELLUS__WORKERS__COUNT", "1"));
    let user = server.user().await;
    // A minute's work and more on any machine that runs tests.
    let long = submitted(&user.client, long_document(100)).await;
    eventually("the reading to begin", PATIENCE, async || busy(&user).await == 1).await;
    cancel(&user, &long).await;
    eventually("the engine to be free", PATIENCE, async || busy(&user).await == 0).await;
    let next = submitted(&user.client, bundled_image("hello.png")).await;
    assert_eq!(finished(&user.client, &next).await["status"], "succeeded");
    let cancelled = task(&user.client, &long).await;
    assert_eq!(
        (&cancelled["status"], &cancelled["attempts"]),
        (&"cancelled".into(), &1.into())
    );
    assert!(cancelled.get("result").is_none());
}

async fn a_task_in_another_process_is_stopped_too(database: Database) {
    let server = Server::start(with(Options::on(database), NO_WORKERS));
    let user = server.user().await;
    let _worker = server.worker(&[("OCELLUS__WORKERS__COUNT", "1")]);
    let long = submitted(&user.client, long_document(100)).await;
    stands(&user.client, &long, "running").await;
    cancel(&user, &long).await;
    // The one worker that there is is free for this.
    let next = submitted(&user.client, bundled_image("hello.png")).await;
    assert_eq!(finished(&user.client, &next).await["status"], "succeeded");
}

async fn deleting_an_image_cancels_its_tasks(database: Database) {
    let server = Server::start(with(Options::on(database), NO_WORKERS));
    let user = server.user().await;
    let image = user.client.uploaded(bundled_image("hello.png")).await;
    let done = id(&submit(&user.client, &image).await.expect(202).json());
    {
        let _worker = server.worker(&[("OCELLUS__WORKERS__COUNT", "1")]);
        finished(&user.client, &done).await;
    }
    let waiting = id(&submit(&user.client, &image).await.expect(202).json());
    user.client.delete(&format!("/images/{image}")).await.expect(204);
    assert_eq!(task(&user.client, &waiting).await["status"], "cancelled");
    let done = task(&user.client, &done).await;
    assert_eq!(done["status"], "succeeded");
    assert!(done.get("result").is_none(), "what was read went with the image");
}

async fn an_account_can_be_deleted_while_its_task_runs(database: Database) {
    let server = Server::start(Options::on(database).setting("OCELLUS__WORKERS__COUNT", "1"));
    let user = server.user().await;
    let id = submitted(&user.client, long_document(100)).await;
    stands(&user.client, &id, "running").await;
    user.client.delete("/user").await.expect(204);
    let other = server.user().await;
    let next = submitted(&other.client, bundled_image("hello.png")).await;
    assert_eq!(finished(&other.client, &next).await["status"], "succeeded");
}
