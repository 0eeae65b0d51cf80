//! Classifying what is sent.

use serde_json::Value;
use tests::{
    Client, Database, Options, Server, on_every_database, on_sqlite, picture, plain, svg, truncated,
};

use crate::{BLUE, GREEN, GREY, LABELS, RED, path, predict, predicted, text};

on_every_database!(what_was_answered_survives_a_sudden_end,);

on_sqlite!(
    what_is_seen_is_answered_and_kept,
    a_model_is_asked_for_by_name_and_version,
    a_model_that_there_is_not_is_unknown_and_nothing_is_stored,
    what_is_no_image_is_not_classified,
    an_answer_that_is_no_number_stores_nothing,
    a_repeated_request_is_answered_again_and_done_once,
    without_a_model_predictions_are_unavailable_and_nothing_else,
    predictions_are_counted,
);

async fn nothing_is_stored(client: &Client) {
    for list in ["/images", "/history"] {
        assert!(client.listed(list, 10).await.concat().is_empty(), "{list}");
    }
}

async fn what_is_seen_is_answered_and_kept(database: Database) {
    let user = Server::shared(database).user().await;
    for colour in [RED, GREEN, BLUE, GREY] {
        let answer = predict(&user.client, "", plain(colour.0)).await.expect(201);
        let prediction = answer.json();
        assert_eq!(answer.header("location"), path(&prediction));
        assert_eq!(text(&prediction, "label"), colour.1);
        assert_eq!(
            (text(&prediction, "model"), text(&prediction, "model_version")),
            ("colours", "1")
        );
        assert!(prediction.get("feedback").is_none());
        let probabilities = prediction["probabilities"].as_array().expect("a list");
        let labels: Vec<_> = probabilities.iter().map(|item| text(item, "label")).collect();
        assert_eq!(labels, LABELS);
        let number = |value: &Value| value.as_f64().expect("a number");
        let shares: Vec<_> = probabilities
            .iter()
            .map(|item| number(&item["probability"]))
            .collect();
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{prediction}");
        let largest = shares.iter().copied().fold(0.0, f64::max);
        assert!((number(&prediction["confidence"]) - largest).abs() < f64::EPSILON);
        let kept = user.client.get(&path(&prediction)).await.expect(200).json();
        assert_eq!(kept, prediction);
        let image = format!("/images/{}", text(&prediction, "image_id"));
        user.client.get(&image).await.expect(200);
        let content = user
            .client
            .get(&format!("{}/image", path(&prediction)))
            .await
            .expect(200);
        assert_eq!(content.header("content-type"), "image/png");
        assert_eq!(content.body, plain(colour.0));
    }
}

async fn a_model_is_asked_for_by_name_and_version(database: Database) {
    let options = Options::on(database).with_models(&["no_number_for_black", "colours", "colours_2"]);
    let server = Server::start(options);
    let user = server.user().await;
    for (query, name, version) in [
        ("", "no_number_for_black", "1"),
        ("?model=colours", "colours", "2"),
        ("?model=colours@1", "colours", "1"),
        ("?model=colours%402", "colours", "2"),
    ] {
        let prediction = predict(&user.client, query, plain(RED.0))
            .await
            .expect(201)
            .json();
        let answered = (text(&prediction, "model"), text(&prediction, "model_version"));
        assert_eq!(answered, (name, version), "{query}");
    }
}

async fn a_model_that_there_is_not_is_unknown_and_nothing_is_stored(database: Database) {
    let user = Server::shared(database).user().await;
    for name in ["ears", "colours@9", "Colours", "../colours", "%F0%9F%91%81", ""] {
        let answer = predict(&user.client, &format!("?model={name}"), plain(RED.0)).await;
        answer.problem(422, "unknown_model");
    }
    nothing_is_stored(&user.client).await;
}

async fn what_is_no_image_is_not_classified(database: Database) {
    let user = Server::shared(database).user().await;
    for (bytes, status, code) in [
        (b"an eye, in words".to_vec(), 415, "unsupported_image"),
        (svg(), 415, "unsupported_image"),
        (vec![], 415, "unsupported_image"),
        (truncated(&picture(1, 90, 90)), 422, "image_corrupt"),
        (
            tests::png_that_claims_to_be(60_000, 60_000),
            422,
            "image_dimensions",
        ),
    ] {
        predict(&user.client, "", bytes).await.problem(status, code);
    }
    nothing_is_stored(&user.client).await;
}

async fn an_answer_that_is_no_number_stores_nothing(database: Database) {
    let user = Server::shared(database).user().await;
    let query = "?model=no_number_for_black";
    let answer = predict(&user.client, query, plain([0, 0, 0])).await;
    answer.problem(503, "unavailable");
    nothing_is_stored(&user.client).await;
    predict(&user.client, query, plain(BLUE.0)).await.expect(201);
}

async fn a_repeated_request_is_answered_again_and_done_once(database: Database) {
    let user = Server::shared(database).user().await;
    let send = |query: &str, bytes| predict(&user.client, query, bytes).header("Idempotency-Key", "once");
    let first = send("", plain(RED.0)).await.expect(201);
    let again = send("", plain(RED.0)).await.expect(201);
    assert_eq!(first.json(), again.json());
    assert_eq!(first.header("location"), again.header("location"));
    assert_eq!(user.client.listed("/history", 10).await.concat().len(), 1);
    for (query, bytes) in [("", plain(BLUE.0)), ("?model=colours", plain(RED.0))] {
        send(query, bytes).await.problem(409, "idempotency_conflict");
    }
}

async fn without_a_model_predictions_are_unavailable_and_nothing_else(database: Database) {
    let server = Server::start(Options::on(database));
    let user = server.user().await;
    let refused = predict(&user.client, "", plain(RED.0)).await;
    refused.problem(503, "model_not_loaded");
    nothing_is_stored(&user.client).await;
    let models = user.client.anonymous().get("/models").await.expect(200).json();
    assert_eq!(models["items"].as_array().map(Vec::len), Some(0));
    let ready = user.client.get("/health/ready").await.expect(200).json();
    assert_eq!(ready["checks"]["models"]["status"], "disabled", "{ready}");
}

async fn predictions_are_counted(database: Database) {
    let server = Server::shared(database);
    let user = server.user().await;
    let before = user.client.counted("ocellus_predictions_total").await;
    predicted(&user.client, RED).await;
    assert!(user.client.counted("ocellus_predictions_total").await > before);
}

async fn what_was_answered_survives_a_sudden_end(database: Database) {
    let mut server = Server::start(Options::on(database).with_models(&["colours"]));
    let user = server.user().await;
    let prediction = predicted(&user.client, GREEN).await;
    let judged = crate::judge(&user.client, &prediction, true, None).await;
    server.kill();
    server.start_again();
    let client = server
        .client()
        .await
        .with_token(user.client.token().expect("a login"));
    assert_eq!(client.get(&path(&prediction)).await.expect(200).json(), judged);
    let dashboard = client.get("/dashboard").await.expect(200).json();
    assert_eq!(dashboard["feedback"]["correct"], 1, "{dashboard}");
}
