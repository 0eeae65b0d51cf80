//! The models that are loaded.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tests::{Client, Database, Options, S3Server, Server, eventually, on_sqlite, plain, repository_root};

use crate::{LABELS, RED, predict, predicted, text};

on_sqlite!(
    the_models_are_public_with_all_that_is_known_of_them,
    a_bad_model_is_refused_with_its_reason_and_the_rest_serve,
    models_are_loaded_anew_without_an_interruption,
);

async fn models(client: &Client) -> Value {
    client.anonymous().get("/models").await.expect(200).json()
}

async fn the_models_are_public_with_all_that_is_known_of_them(database: Database) {
    let client = Server::shared(database).client().await;
    let listed = models(&client).await;
    let manifest = repository_root().join("tests/models/colours/manifest.json");
    let manifest = fs::read_to_string(manifest).expect("a manifest");
    let manifest: Value = serde_json::from_str(&manifest).expect("JSON");
    let expected = json!({
        "name": "colours",
        "version": "1",
        "sha256": manifest["sha256"],
        "labels": LABELS,
        "input": {"height": 16, "width": 16},
    });
    assert_eq!(listed["items"][0], expected);
    assert_eq!(text(&listed["items"][1], "name"), "no_number_for_black");
}

/// Copies a model of the tests.
fn copy(model: &str, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for file in ["manifest.json", "model.onnx"] {
        let from = repository_root().join("tests/models").join(model).join(file);
        fs::copy(from, to.join(file)).expect("a model can be copied");
    }
}

async fn a_bad_model_is_refused_with_its_reason_and_the_rest_serve(database: Database) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let url = |name: &str| format!("file://{}", folder.path().join(name).display());
    copy("colours", &folder.path().join("good"));
    copy("colours_2", &folder.path().join("other_bytes"));
    let broken = folder.path().join("other_bytes/model.onnx");
    let mut bytes = fs::read(&broken).expect("a model");
    bytes.push(0);
    fs::write(&broken, bytes).expect("written");
    let urls = ["absent", "good", "other_bytes"].map(url).join(",");
    let options = Options::on(database).setting("OCELLUS__PREDICTIONS__MODELS", &urls);
    let server = Server::start(options);
    let user = server.user().await;
    assert_eq!(
        models(&user.client).await["items"].as_array().map(Vec::len),
        Some(1)
    );
    let prediction = predicted(&user.client, RED).await;
    assert_eq!(text(&prediction, "label"), RED.1);
    let ready = user.client.get("/health/ready").await.expect(200).json();
    assert_eq!(
        (&ready["status"], &ready["checks"]["models"]["status"]),
        (&json!("ok"), &json!("failing"))
    );
    let detail = text(&ready["checks"]["models"], "detail").to_owned();
    assert!(
        detail.contains("absent: ") && detail.contains("other_bytes: "),
        "{detail}"
    );
    let place = folder.path().to_str().expect("a path of text");
    assert!(
        !detail.contains(place),
        "where it lies is nobody's business: {detail}"
    );
}

async fn models_are_loaded_anew_without_an_interruption(database: Database) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    copy("colours", &folder.path().join("eyes"));
    let url = format!("file://{}", folder.path().join("eyes").display());
    let options = Options::on(database).setting("OCELLUS__PREDICTIONS__MODELS", &url);
    let server = Server::start(options);
    let user = server.user().await;
    let first = predicted(&user.client, RED).await;
    assert_eq!(text(&first, "model_version"), "1");
    copy("colours_2", &folder.path().join("eyes"));
    server.ask_to_reload();
    let mut last = Value::Null;
    eventually(
        "the other version to be loaded",
        Duration::from_secs(20),
        async || {
            // Not one of them is refused.
            last = predict(&user.client, "", plain(RED.0)).await.expect(201).json();
            text(&last, "model_version") == "2"
        },
    )
    .await;
    // What the first version looked at, the second cannot show.
    let heat_map = |prediction: &Value| format!("{}/heatmap", crate::path(prediction));
    user.client
        .get(&heat_map(&first))
        .await
        .problem(503, "model_not_loaded");
    user.client.get(&heat_map(&last)).await.expect(200);
}

#[tokio::test]
async fn a_model_of_a_bucket_is_kept_for_when_the_bucket_is_out_of_reach() {
    let bucket = S3Server::start();
    copy("colours", &bucket.bucket().join("models/eyes"));
    let url = format!("s3://{}/models/eyes", S3Server::BUCKET);
    let options = Options::on(Database::Sqlite)
        .setting("OCELLUS__PREDICTIONS__MODELS", &url)
        .reaching_buckets(&bucket.address().to_string());
    let mut server = Server::start(options);
    let user = server.user().await;
    assert_eq!(predicted(&user.client, RED).await["model_version"], "1");

    copy("colours_2", &bucket.bucket().join("models/eyes"));
    server.ask_to_reload();
    eventually(
        "the other version to be fetched",
        Duration::from_secs(20),
        async || models(&user.client).await["items"][0]["version"] == "2",
    )
    .await;

    // What is refused says why, and not where it lies.
    let absent = format!("s3://{}/clients/acme/absent", S3Server::BUCKET);
    server.set("OCELLUS__PREDICTIONS__MODELS", &format!("{url},{absent}"));
    server.kill();
    server.start_again();
    let ready = server
        .client()
        .await
        .get("/health/ready")
        .await
        .expect(200)
        .json();
    let detail = text(&ready["checks"]["models"], "detail").to_owned();
    assert_eq!(detail, "absent: the bucket has no manifest.json");

    drop(bucket);
    server.kill();
    server.start_again();
    let user = server.user().await;
    let prediction = predicted(&user.client, RED).await;
    assert_eq!(
        (text(&prediction, "label"), text(&prediction, "model_version")),
        (RED.1, "2")
    );
}
