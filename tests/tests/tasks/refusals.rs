//! What is refused before anything is queued.

use serde_json::json;
use tests::{Client, Database, Options, Server, bundled_image, on_every_database, on_sqlite, picture};

use crate::{NO_WORKERS, submit, submitted, upload, with};

on_every_database!(more_unfinished_tasks_than_allowed_are_refused_until_some_are_done,);

on_sqlite!(
    work_on_an_image_that_is_not_ones_own_is_not_taken,
    a_malformed_request_names_every_bad_field,
    languages_and_models_that_there_are_not_are_refused_by_name,
    what_is_no_image_queues_nothing,
);

const ABSENT: &str = "0190b0a0-0000-7000-8000-000000000000";

async fn nothing_is_queued(client: &Client) {
    let page = client.get("/tasks").await.expect(200).json();
    assert_eq!(page, json!({"items": []}));
}

async fn work_on_an_image_that_is_not_ones_own_is_not_taken(database: Database) {
    let server = Server::shared(database);
    let (owner, stranger) = (server.user().await, server.user().await);
    let image = owner.client.uploaded(picture(1, 9, 9)).await;
    let others = submit(&stranger.client, &image).await;
    others.problem(404, "not_found");
    let absent = submit(&stranger.client, ABSENT).await;
    assert_eq!(absent.problem(404, "not_found"), others.json());
    nothing_is_queued(&stranger.client).await;
}

async fn a_malformed_request_names_every_bad_field(database: Database) {
    let user = Server::shared(database).user().await;
    let image = user.client.uploaded(picture(1, 9, 9)).await;
    for (body, fields) in [
        (json!({}), vec!["kind", "image_id"]),
        (json!({"kind": "poem", "image_id": "7"}), vec!["kind", "image_id"]),
        (
            json!({"kind": 1, "image_id": image, "languages": "eng"}),
            vec!["kind", "languages"],
        ),
        (
            json!({"kind": "ocr", "image_id": image, "languages": []}),
            vec!["languages"],
        ),
        (
            json!({"kind": "ocr", "image_id": image, "languages": [12]}),
            vec!["languages"],
        ),
        (
            json!({"kind": "ocr", "image_id": image, "languages": ["../eng"]}),
            vec!["languages"],
        ),
        (
            json!({"kind": "prediction", "image_id": image, "model": 3}),
            vec!["model"],
        ),
    ] {
        let answer = user.client.post("/tasks").json(&body).await;
        answer.names_fields(&fields);
    }
    for query in ["wait=61", "wait=-1", "wait=soon"] {
        let answer = user.client.get(&format!("/tasks/{ABSENT}?{query}")).await;
        answer.names_fields(&["wait"]);
    }
    user.client
        .get("/tasks?status=lost")
        .await
        .names_fields(&["status"]);
    user.client.get("/tasks/7").await.problem(404, "not_found");
    nothing_is_queued(&user.client).await;
}

async fn languages_and_models_that_there_are_not_are_refused_by_name(database: Database) {
    let user = Server::shared(database).user().await;
    let form = reqwest::multipart::Form::new().part(
        "file",
        reqwest::multipart::Part::bytes(bundled_image("hello.png")).file_name("a.png"),
    );
    let answer = user
        .client
        .post("/upload?languages=eng,zzz")
        .multipart(form)
        .await;
    let problem = answer.problem(422, "unsupported_language");
    assert!(
        problem["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("zzz"))
    );
    assert!(
        user.client.listed("/images", 10).await.concat().is_empty(),
        "nothing was stored"
    );

    let image = user.client.uploaded(picture(1, 9, 9)).await;
    for (body, status, code) in [
        (
            json!({"kind": "ocr", "image_id": image, "languages": ["zzz"]}),
            422,
            "unsupported_language",
        ),
        (
            json!({"kind": "prediction", "image_id": image, "model": "zzz"}),
            422,
            "unknown_model",
        ),
    ] {
        user.client.post("/tasks").json(&body).await.problem(status, code);
    }
    nothing_is_queued(&user.client).await;
}

async fn what_is_no_image_queues_nothing(database: Database) {
    let user = Server::shared(database).user().await;
    upload(&user.client, b"no image".to_vec())
        .await
        .problem(415, "unsupported_image");
    upload(&user.client, tests::truncated(&picture(1, 90, 90)))
        .await
        .problem(422, "image_corrupt");
    assert!(user.client.listed("/images", 10).await.concat().is_empty());
    nothing_is_queued(&user.client).await;
}

async fn more_unfinished_tasks_than_allowed_are_refused_until_some_are_done(database: Database) {
    let options = with(Options::on(database), NO_WORKERS);
    let server = Server::start(options.setting("OCELLUS__QUOTAS__TASKS_IN_FLIGHT_PER_USER", "2"));
    let user = server.user().await;
    let first = submitted(&user.client, picture(1, 9, 9)).await;
    submitted(&user.client, picture(2, 9, 9)).await;
    upload(&user.client, picture(3, 9, 9))
        .await
        .problem(429, "quota_exceeded");
    assert_eq!(
        user.client.listed("/images", 10).await.concat().len(),
        2,
        "nothing half-stored"
    );
    // It is each user's own limit.
    submitted(&server.user().await.client, picture(4, 9, 9)).await;
    user.client.delete(&format!("/tasks/{first}")).await.expect(204);
    submitted(&user.client, picture(5, 9, 9)).await;
}
