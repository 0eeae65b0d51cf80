//! Following a task.

use serde_json::Value;
use tests::{Database, Options, Server, bundled_image, long_document, on_every_database, on_sqlite};

use crate::{NO_WORKERS, submitted, with};

on_every_database!(every_change_of_a_task_is_an_event_and_its_end_the_last,);

on_sqlite!(the_pages_that_are_done_are_told, a_finished_task_is_one_event,);

/// The data of the events of a stream that has ended; every one must be named `task`.
fn events(stream: &str) -> Vec<Value> {
    let blocks = stream.split("\n\n").filter(|block| !block.trim().is_empty());
    let blocks = blocks.filter(|block| !block.starts_with(':'));
    blocks
        .map(|block| {
            assert!(
                block.lines().any(|line| line.replace(' ', "") == "event:task"),
                "{block}"
            );
            let data = block.lines().find_map(|line| line.strip_prefix("data:"));
            serde_json::from_str(data.expect("an event has data")).expect("the data is JSON")
        })
        .collect()
}

async fn every_change_of_a_task_is_an_event_and_its_end_the_last(database: Database) {
    let server = Server::start(with(Options::on(database), NO_WORKERS));
    let user = server.user().await;
    let id = submitted(&user.client, bundled_image("a4.png")).await;
    let (path, client) = (format!("/tasks/{id}/events"), user.client.clone());
    let following = tokio::spawn(async move { client.get(&path).await.expect(200) });
    let _worker = server.worker(&[("OCELLUS__WORKERS__COUNT", "1")]);
    let stream = following.await.expect("a stream");
    assert!(stream.header("content-type").starts_with("text/event-stream"));
    let events = events(&stream.text());
    let statuses: Vec<&str> = events
        .iter()
        .filter_map(|event| event["status"].as_str())
        .collect();
    assert_eq!(statuses.first(), Some(&"queued"));
    assert_eq!(statuses.last(), Some(&"succeeded"));
    assert!(statuses.contains(&"running"), "{statuses:?}");
    assert!(
        events
            .iter()
            .all(|event| event["task_id"] == id.as_str() && event.get("result").is_none())
    );
}

async fn the_pages_that_are_done_are_told(database: Database) {
    let server = Server::start(Options::on(database).setting("OCELLUS__WORKERS__COUNT", "1"));
    let user = server.user().await;
    let id = submitted(&user.client, long_document(4)).await;
    let stream = user.client.get(&format!("/tasks/{id}/events")).await.expect(200);
    let events = events(&stream.text());
    let done: Vec<u64> = events
        .iter()
        .map(|event| event["progress"]["pages_done"].as_u64().expect("a count"))
        .collect();
    assert!(done.is_sorted(), "{done:?}");
    assert!(done.iter().any(|&pages| (1..4).contains(&pages)), "{done:?}");
    assert_eq!(done.last(), Some(&4));
}

async fn a_finished_task_is_one_event(database: Database) {
    let server = Server::shared(database);
    let user = server.user().await;
    let id = submitted(&user.client, bundled_image("hello.png")).await;
    crate::finished(&user.client, &id).await;
    let stream = user.client.get(&format!("/tasks/{id}/events")).await.expect(200);
    let events = events(&stream.text());
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["status"], "succeeded");
}
