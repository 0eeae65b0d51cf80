//! Submitting work, and what it comes to.

use serde_json::json;
use tests::{Database, Options, Server, bundled_image, on_every_database, on_sqlite};

use crate::{NO_WORKERS, finished, id, stands, submit, submitted, task, upload, with};

on_every_database!(
    an_uploaded_image_is_read_later_and_once,
    tasks_are_listed_newest_first_and_by_status,
);

on_sqlite!(
    a_stored_image_is_read_in_the_languages_asked_for,
    a_text_that_was_read_before_is_not_read_again,
    an_answer_waits_for_the_end_of_its_task,
);

async fn an_uploaded_image_is_read_later_and_once(database: Database) {
    let server = Server::start(Options::on(database));
    let user = server.user().await;
    let answer = upload(&user.client, bundled_image("hello.png")).await.expect(202);
    let taken = answer.json();
    assert_eq!(taken["status"], "queued");
    let id = id(&taken);
    assert_eq!(answer.header("location"), format!("/tasks/{id}"));
    let done = finished(&user.client, &id).await;
    assert_eq!(done["status"], "succeeded", "{done}");
    assert_eq!(done["kind"], "ocr");
    assert_eq!(done["attempts"], 1);
    assert_eq!(done["progress"], json!({"pages_done": 1, "pages": 1}));
    assert!(done["started_at"].is_string() && done.get("error").is_none());
    let expected = String::from_utf8(bundled_image("hello.txt")).expect("text");
    assert_eq!(done["result"]["text"], expected.trim());
    let result = user.client.get(&format!("/result/{id}")).await.expect(200).json();
    assert_eq!(result, done);

    let image = taken["image_id"].as_str().expect("an image");
    assert_eq!(user.client.listed("/images", 10).await.concat(), [image]);
    let text = user
        .client
        .get(&format!("/images/{image}/text?languages=eng"))
        .await;
    assert_eq!(text.expect(200).json(), done["result"]);
    let read = user
        .client
        .counted("ocellus_recognition_duration_seconds_count")
        .await;
    assert_eq!(read, 1, "the task's text served the request");
}

async fn a_stored_image_is_read_in_the_languages_asked_for(database: Database) {
    let server = Server::shared(database);
    let user = server.user().await;
    let image = user.client.uploaded(bundled_image("two_languages.png")).await;
    let body = json!({"kind": "ocr", "image_id": image, "languages": ["spa", "eng", "spa"]});
    let answer = user.client.post("/tasks").json(&body).await.expect(202);
    let queued = answer.json();
    assert_eq!(answer.header("location"), format!("/tasks/{}", id(&queued)));
    assert_eq!(queued["languages"], json!(["spa", "eng"]));
    let done = finished(&user.client, &id(&queued)).await;
    assert_eq!(done["result"]["languages"], json!(["spa", "eng"]));
    assert_eq!(done["result"]["has_text"], true);
}

async fn a_text_that_was_read_before_is_not_read_again(database: Database) {
    let server = Server::start(Options::on(database));
    let user = server.user().await;
    let image = user.client.uploaded(bundled_image("hello.png")).await;
    let path = format!("/images/{image}/text?languages=eng");
    let text = user.client.get(&path).await.expect(200).json();
    let queued = submit(&user.client, &image).await.expect(202).json();
    let done = finished(&user.client, &id(&queued)).await;
    assert_eq!(done["result"], text);
    let read = user
        .client
        .counted("ocellus_recognition_duration_seconds_count")
        .await;
    assert_eq!(read, 1);
}

async fn an_answer_waits_for_the_end_of_its_task(database: Database) {
    let server = Server::start(with(Options::on(database), NO_WORKERS));
    let user = server.user().await;
    let id = submitted(&user.client, bundled_image("hello.png")).await;
    // Nobody works on it: the wait is over without an end.
    let waited = user
        .client
        .get(&format!("/tasks/{id}?wait=1"))
        .await
        .expect(200)
        .json();
    assert_eq!(waited["status"], "queued");
    let (path, client) = (format!("/result/{id}?wait=60"), user.client.clone());
    let waiting = tokio::spawn(async move { client.get(&path).await.expect(200).json() });
    let _worker = server.worker(&[("OCELLUS__WORKERS__COUNT", "1")]);
    let done = waiting.await.expect("an answer");
    assert_eq!(done["status"], "succeeded", "{done}");
}

async fn tasks_are_listed_newest_first_and_by_status(database: Database) {
    let server = Server::start(with(Options::on(database), NO_WORKERS));
    let user = server.user().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(submitted(&user.client, bundled_image("blank.png")).await);
    }
    user.client
        .delete(&format!("/tasks/{}", ids[1]))
        .await
        .expect(204);
    ids.reverse();
    let page = user.client.get("/tasks?limit=3").await.expect(200).json();
    let listed: Vec<String> = page["items"].as_array().expect("items").iter().map(id).collect();
    assert_eq!(listed, ids[..3]);
    let cursor = page["next_cursor"].as_str().expect("a second page");
    let rest = user
        .client
        .get(&format!("/tasks?limit=3&cursor={cursor}"))
        .await
        .expect(200)
        .json();
    let listed: Vec<String> = rest["items"].as_array().expect("items").iter().map(id).collect();
    assert_eq!(listed, ids[3..]);
    assert!(rest.get("next_cursor").is_none());

    let _worker = server.worker(&[("OCELLUS__WORKERS__COUNT", "1")]);
    for (place, task) in ids.iter().enumerate() {
        if place != 3 {
            finished(&user.client, task).await;
        }
    }
    for (status, count) in [
        ("succeeded", 4),
        ("cancelled", 1),
        ("queued", 0),
        ("running", 0),
        ("failed", 0),
    ] {
        let page = user
            .client
            .get(&format!("/tasks?status={status}"))
            .await
            .expect(200)
            .json();
        let items = page["items"].as_array().expect("items");
        assert_eq!(items.len(), count, "{status}");
        assert!(
            items
                .iter()
                .all(|item| item["status"] == status && item.get("result").is_none())
        );
    }
    assert_eq!(task(&user.client, &ids[3]).await["status"], "cancelled");
    stands(&user.client, &ids[0], "succeeded").await;
}
