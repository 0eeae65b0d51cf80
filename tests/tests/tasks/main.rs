//! Tasks: submitted, done by any number of workers, followed, cancelled, and never lost.

mod broker;
mod cancelling;
mod ends;
mod events;
mod idempotency;
mod refusals;
mod submitting;
mod workers;

use std::time::Duration;

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tests::{Client, Options, Request, eventually};

/// Long enough for whatever is done in the background on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);
/// No task of this server is worked on in its own process.
const NO_WORKERS: (&str, &str) = ("OCELLUS__WORKERS__COUNT", "0");
/// So soon the tasks of a worker that was killed are taken back.
const SHORT_LEASE: (&str, &str) = ("OCELLUS__WORKERS__LEASE", "2s");

/// A setting of a server.
fn with(options: Options, (name, value): (&str, &str)) -> Options {
    options.setting(name, value)
}

/// Uploads an image to be read later.
fn upload(client: &Client, bytes: Vec<u8>) -> Request {
    let part = Part::bytes(bytes).file_name("page.png");
    client
        .post("/upload?languages=eng")
        .multipart(Form::new().part("file", part))
}

/// Uploads an image to be read later, which must be taken: the task's id.
async fn submitted(client: &Client, bytes: Vec<u8>) -> String {
    let taken = upload(client, bytes).await.expect(202).json();
    id(&taken)
}

/// Submits the reading of a stored image.
fn submit(client: &Client, image: &str) -> Request {
    client
        .post("/tasks")
        .json(&json!({"kind": "ocr", "image_id": image, "languages": ["eng"]}))
}

/// The id of a task.
fn id(task: &Value) -> String {
    task["task_id"].as_str().expect("a task has an id").to_owned()
}

/// The task as it is.
async fn task(client: &Client, id: &str) -> Value {
    client.get(&format!("/tasks/{id}")).await.expect(200).json()
}

/// The task once it has come to its end.
async fn finished(client: &Client, id: &str) -> Value {
    let mut task = Value::Null;
    eventually("the task to end", PATIENCE, async || {
        let path = format!("/tasks/{id}?wait=20");
        task = client.get(&path).await.expect(200).json();
        task["finished_at"].is_string()
    })
    .await;
    task
}

/// Waits until the task stands so.
async fn stands(client: &Client, id: &str, status: &str) {
    eventually(status, PATIENCE, async || {
        task(client, id).await["status"] == status
    })
    .await;
}
