//! Predictions that are made later.

use std::time::Duration;

use serde_json::{Value, json};
use tests::{Client, Database, Options, Server, on_every_database, on_sqlite, plain};

use crate::{BLUE, RED, path, text};

on_every_database!(a_worker_makes_what_the_server_queued,);

on_sqlite!(
    a_task_comes_to_a_prediction,
    an_answer_that_is_no_number_fails_the_task,
    a_prediction_that_was_deleted_is_no_result_any_more,
);

/// Long enough for whatever is done in the background on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

async fn submitted(client: &Client, image: &str, model: Option<&str>) -> Value {
    let mut body = json!({"kind": "prediction", "image_id": image});
    if let Some(model) = model {
        body["model"] = model.into();
    }
    client.post("/tasks").json(&body).await.expect(202).json()
}

async fn finished(client: &Client, task: &Value) -> Value {
    let path = format!("/tasks/{}?wait=60", text(task, "task_id"));
    client.get(&path).await.expect(200).json()
}

async fn a_task_comes_to_a_prediction(database: Database) {
    let user = Server::shared(database).user().await;
    let client = &user.client;
    let image = client.uploaded(plain(RED.0)).await;
    for (asked, shown) in [(None, "colours"), (Some("colours@1"), "colours@1")] {
        let queued = submitted(client, &image, asked).await;
        assert_eq!(
            (text(&queued, "kind"), text(&queued, "model")),
            ("prediction", shown)
        );
        assert!(queued.get("languages").is_none());
        let task = finished(client, &queued).await;
        assert_eq!(text(&task, "status"), "succeeded", "{task}");
        let prediction = &task["result"];
        assert_eq!(text(prediction, "label"), RED.1);
        assert_eq!(text(prediction, "image_id"), image);
        assert_eq!(
            &client.get(&path(prediction)).await.expect(200).json(),
            prediction
        );
        let result = client.get(&format!("/result/{}", text(&task, "task_id"))).await;
        assert_eq!(result.expect(200).json(), task);
    }
    let dashboard = client.get("/dashboard?range=week").await.expect(200).json();
    assert_eq!(dashboard["total_predictions"], 2);
    assert_eq!(dashboard["total_images"], 1, "one image, looked at twice");
}

async fn a_worker_makes_what_the_server_queued(database: Database) {
    let options = Options::on(database)
        .with_models(&["colours"])
        .setting("OCELLUS__WORKERS__COUNT", "0");
    let server = Server::start(options);
    let user = server.user().await;
    let image = user.client.uploaded(plain(BLUE.0)).await;
    let queued = submitted(&user.client, &image, None).await;
    let _worker = server.worker(&[("OCELLUS__WORKERS__COUNT", "1")]);
    let task = finished(&user.client, &queued).await;
    assert_eq!(text(&task["result"], "label"), BLUE.1, "{task}");
}

async fn an_answer_that_is_no_number_fails_the_task(database: Database) {
    let user = Server::shared(database).user().await;
    let image = user.client.uploaded(plain([0, 0, 0])).await;
    let queued = submitted(&user.client, &image, Some("no_number_for_black")).await;
    let task = finished(&user.client, &queued).await;
    assert_eq!(
        (text(&task, "status"), &task["attempts"]),
        ("failed", &json!(1)),
        "{task}"
    );
    assert_eq!(text(&task["error"], "code"), "unavailable");
    assert!(user.client.listed("/history", 10).await.concat().is_empty());
}

async fn a_prediction_that_was_deleted_is_no_result_any_more(database: Database) {
    let user = Server::shared(database).user().await;
    let image = user.client.uploaded(plain(RED.0)).await;
    let queued = submitted(&user.client, &image, None).await;
    let task = finished(&user.client, &queued).await;
    user.client.delete(&path(&task["result"])).await.expect(204);
    let task = finished(&user.client, &queued).await;
    assert_eq!(text(&task, "status"), "succeeded");
    assert!(task.get("result").is_none(), "{task}");
}
