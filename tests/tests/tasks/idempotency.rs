//! Requests that are repeated with the same key.

use reqwest::multipart::{Form, Part};
use serde_json::json;
use tests::{Answer, Client, Database, Options, Server, on_every_database, on_sqlite, picture};

use crate::{NO_WORKERS, with};

on_every_database!(
    two_at_once_with_one_key_do_the_work_once,
    a_repetition_is_known_after_a_restart,
);

on_sqlite!(
    a_repeated_upload_is_answered_again_and_stored_once,
    another_content_under_the_same_key_is_a_conflict,
    a_refusal_is_kept_like_any_answer,
    what_may_pass_does_not_spend_the_key,
    keys_are_of_one_user_and_one_operation,
    a_key_that_cannot_be_one_is_refused,
);

async fn send(client: &Client, path: &str, key: &str, bytes: Vec<u8>) -> Answer {
    let part = Part::bytes(bytes).file_name("page.png");
    let form = Form::new().part("file", part);
    client
        .post(path)
        .header("Idempotency-Key", key)
        .multipart(form)
        .await
}

async fn images(client: &Client) -> usize {
    client.listed("/images", 100).await.concat().len()
}

async fn a_repeated_upload_is_answered_again_and_stored_once(database: Database) {
    let server = Server::start(with(Options::on(database), NO_WORKERS));
    let user = server.user().await;
    for (path, status) in [("/images", 201), ("/upload?languages=eng", 202)] {
        let before = images(&user.client).await;
        // Every form has a boundary of its own, which does not count.
        let first = send(&user.client, path, "k1", picture(1, 20, 20))
            .await
            .expect(status);
        let again = send(&user.client, path, "k1", picture(1, 20, 20))
            .await
            .expect(status);
        assert_eq!(first.json(), again.json());
        assert_eq!(first.header("location"), again.header("location"));
        assert_eq!(images(&user.client).await, before + 1);
    }
    let image = user.client.listed("/images", 1).await.concat()[0].clone();
    let body = json!({"kind": "ocr", "image_id": image});
    let submit = || {
        user.client
            .post("/tasks")
            .header("Idempotency-Key", "k1")
            .json(&body)
    };
    let first = submit().await.expect(202);
    let id = crate::id(&first.json());
    user.client.delete(&format!("/tasks/{id}")).await.expect(204);
    // The first answer, whatever became of the task since.
    assert_eq!(submit().await.expect(202).json(), first.json());
    let tasks = user.client.get("/tasks").await.expect(200).json();
    assert_eq!(
        tasks["items"].as_array().map(Vec::len),
        Some(2),
        "one of the upload, one of its own"
    );
}

async fn two_at_once_with_one_key_do_the_work_once(database: Database) {
    let server = Server::shared(database);
    let user = server.user().await;
    let bytes = picture(2, 200, 200);
    let sends = (0..8).map(|_| send(&user.client, "/images", "together", bytes.clone()));
    let answers = futures_util::future::join_all(sends).await;
    let first = answers[0].json();
    for answer in answers {
        assert_eq!(answer.expect(201).json(), first);
    }
    assert_eq!(images(&user.client).await, 1);
}

async fn another_content_under_the_same_key_is_a_conflict(database: Database) {
    let server = Server::start(with(Options::on(database), NO_WORKERS));
    let user = server.user().await;
    send(&user.client, "/upload?languages=eng", "k", picture(1, 20, 20))
        .await
        .expect(202);
    let other_bytes = send(&user.client, "/upload?languages=eng", "k", picture(2, 20, 20)).await;
    other_bytes.problem(409, "idempotency_conflict");
    let other_languages = send(&user.client, "/upload?languages=spa", "k", picture(1, 20, 20)).await;
    other_languages.problem(409, "idempotency_conflict");
    assert_eq!(images(&user.client).await, 1);
}

async fn a_refusal_is_kept_like_any_answer(database: Database) {
    let user = Server::shared(database).user().await;
    let refused = send(&user.client, "/images", "k", b"no image at all".to_vec()).await;
    let problem = refused.problem(415, "unsupported_image");
    let again = send(&user.client, "/images", "k", b"no image at all".to_vec()).await;
    assert_eq!(again.problem(415, "unsupported_image"), problem);
    let other = send(&user.client, "/images", "k", picture(1, 20, 20)).await;
    other.problem(409, "idempotency_conflict");
    assert_eq!(images(&user.client).await, 0);
}

async fn what_may_pass_does_not_spend_the_key(database: Database) {
    let server = Server::start(Options::on(database).setting("OCELLUS__QUOTAS__IMAGES_PER_USER", "1"));
    let user = server.user().await;
    let first = user.client.uploaded(picture(1, 20, 20)).await;
    send(&user.client, "/images", "k", picture(2, 20, 20))
        .await
        .problem(429, "quota_exceeded");
    user.client.delete(&format!("/images/{first}")).await.expect(204);
    send(&user.client, "/images", "k", picture(2, 20, 20))
        .await
        .expect(201);
}

async fn keys_are_of_one_user_and_one_operation(database: Database) {
    let server = Server::start(with(Options::on(database), NO_WORKERS));
    let (one, other) = (server.user().await, server.user().await);
    let bytes = || picture(1, 20, 20);
    let first = send(&one.client, "/images", "k", bytes())
        .await
        .expect(201)
        .json();
    let second = send(&other.client, "/images", "k", bytes())
        .await
        .expect(201)
        .json();
    assert_ne!(first["id"], second["id"]);
    send(&one.client, "/upload", "k", bytes()).await.expect(202);
    assert_eq!((images(&one.client).await, images(&other.client).await), (2, 1));
}

async fn a_key_that_cannot_be_one_is_refused(database: Database) {
    let user = Server::shared(database).user().await;
    for key in ["", &"k".repeat(256)] {
        let answer = send(&user.client, "/images", key, picture(1, 20, 20)).await;
        answer.names_fields(&["Idempotency-Key"]);
    }
    assert_eq!(images(&user.client).await, 0);
}

async fn a_repetition_is_known_after_a_restart(database: Database) {
    let mut server = Server::start(with(Options::on(database), NO_WORKERS));
    let user = server.user().await;
    let first = send(&user.client, "/images", "k", picture(1, 20, 20))
        .await
        .expect(201)
        .json();
    server.kill();
    server.start_again();
    let client = server
        .client()
        .await
        .with_token(user.client.token().expect("a login"));
    let again = send(&client, "/images", "k", picture(1, 20, 20))
        .await
        .expect(201)
        .json();
    assert_eq!(again, first);
}
