//! Enrolling a face and removing it.

use serde_json::json;
use tests::{Database, FacePhotos, Options, Server, on_every_database, on_sqlite};

on_every_database!(a_face_is_enrolled_shown_and_removed,);

on_sqlite!(
    without_models_everything_else_works,
    where_faces_are_switched_off_nobody_enrols_or_logs_in_with_one,
    an_api_key_sees_the_face_and_changes_nothing_of_it,
    what_happens_to_a_face_is_an_event,
);

async fn a_face_is_enrolled_shown_and_removed(database: Database) {
    let Some(photos) = FacePhotos::fetched() else {
        return;
    };
    let server = Server::start(photos.with_models(Options::on(database)));
    let user = server.user().await;
    user.client.get("/user/face").await.problem(404, "not_found");
    let enrolled = user.client.enrol(photos.of_one()).await.expect(200).json();
    assert_eq!(enrolled["photos"], 3);
    let quality = enrolled["quality"].as_f64().expect("a number");
    assert!((0.2..=1.0).contains(&quality), "{quality}");
    let fields: Vec<_> = enrolled.as_object().expect("an object").keys().collect();
    assert_eq!(fields, ["enrolled_at", "photos", "quality"], "no more is told");
    let shown = user.client.get("/user/face").await.expect(200);
    assert_eq!(shown.json(), enrolled);
    let has_face = async |expected: bool| {
        let shown = user.client.get("/user").await.expect(200).json();
        assert_eq!(shown["has_face"], expected);
    };
    has_face(true).await;
    user.client
        .show_face(Some(&user.name), photos.of_the_same())
        .await
        .expect(200);
    user.client.delete("/user/face").await.expect(204);
    has_face(false).await;
    user.client.get("/user/face").await.problem(404, "not_found");
    user.client.delete("/user/face").await.problem(404, "not_found");
    let refused = user
        .client
        .show_face(Some(&user.name), photos.of_the_same())
        .await;
    refused.problem(401, "invalid_credentials");
}

async fn without_models_everything_else_works(database: Database) {
    let server = Server::start(Options::on(database));
    let user = server.user().await;
    let photos = vec![vec![0xff, 0xd8, 0xff]; 3];
    let refused = user.client.enrol(photos.clone()).await;
    refused.problem(503, "model_not_loaded");
    let refused = user.client.show_face(Some(&user.name), photos[0].clone()).await;
    refused.problem(503, "model_not_loaded");
    user.client.get("/user/face").await.problem(404, "not_found");
    let health = user.client.get("/health/ready").await.expect(200).json();
    assert_eq!(health["checks"]["faces"], json!({"status": "disabled"}));
}

async fn where_faces_are_switched_off_nobody_enrols_or_logs_in_with_one(database: Database) {
    let options = Options::on(database).setting("OCELLUS__FACES__ENABLED", "false");
    let server = Server::start(options);
    let user = server.user().await;
    let photos = vec![vec![0xff, 0xd8, 0xff]; 3];
    user.client
        .enrol(photos.clone())
        .await
        .problem(503, "unavailable");
    let refused = user.client.show_face(Some(&user.name), photos[0].clone()).await;
    refused.problem(503, "unavailable");
}

async fn an_api_key_sees_the_face_and_changes_nothing_of_it(database: Database) {
    let Some(photos) = FacePhotos::fetched() else {
        return;
    };
    let server = Server::start(photos.with_models(Options::on(database)));
    let user = server.user().await;
    user.client.enrol(photos.of_one()).await.expect(200);
    let key = user
        .client
        .post("/user/api-keys")
        .json(&json!({"name": "backup"}));
    let key = key.await.expect(201).json();
    let program = user.client.with_token(key["key"].as_str().expect("a key"));
    program.get("/user/face").await.expect(200);
    program.enrol(photos.of_one()).await.problem(403, "forbidden");
    program.delete("/user/face").await.problem(403, "forbidden");
    user.client.get("/user/face").await.expect(200);
}

async fn what_happens_to_a_face_is_an_event(database: Database) {
    let Some(photos) = FacePhotos::fetched() else {
        return;
    };
    let server = Server::start(photos.with_models(Options::on(database)));
    let user = server.user().await;
    user.client.enrol(photos.of_one()).await.expect(200);
    let refused = user.client.show_face(Some(&user.name), photos.of_another()).await;
    refused.problem(401, "invalid_credentials");
    user.client
        .show_face(Some(&user.name), photos.of_the_same())
        .await
        .expect(200);
    user.client.delete("/user/face").await.expect(204);
    let events = user.client.get("/user/events").await.expect(200).json();
    let kinds: Vec<_> = events["items"]
        .as_array()
        .expect("events")
        .iter()
        .map(|event| event["kind"].as_str().expect("a kind"))
        .collect();
    let newest = ["face_deleted", "logged_in", "login_failed", "face_enrolled"];
    assert_eq!(kinds[..4], newest);
}
