//! Making an account with a face.

use reqwest::multipart::Form;
use serde_json::json;
use tests::{
    Answer, Client, Database, FacePhotos, Options, Server, on_every_database, on_sqlite, photo_form,
    unique_name,
};

on_every_database!(an_account_without_a_password_is_made_together_with_its_face,);

on_sqlite!(
    what_is_wrong_with_a_registration_is_named_and_nothing_is_made,
    without_a_face_there_is_no_account,
);

fn with_account(form: Form, name: &str, email: &str) -> Form {
    form.text("username", name.to_owned())
        .text("email", email.to_owned())
}

async fn register(client: &Client, name: &str, email: &str, photos: Vec<Vec<u8>>) -> Answer {
    let form = with_account(photo_form("images", photos), name, email);
    client.post("/register/face").multipart(form).await
}

async fn an_account_without_a_password_is_made_together_with_its_face(database: Database) {
    let Some(photos) = FacePhotos::fetched() else {
        return;
    };
    let server = Server::start(photos.with_models(Options::on(database)));
    let client = server.client().await;
    let name = unique_name("face");
    let email = format!("{name}@example.org");
    let registered = register(&client, &name, &email, photos.of_one())
        .await
        .expect(201);
    assert_eq!(registered.header("location"), "/user");
    let user = registered.json();
    assert_eq!(
        (&user["has_face"], &user["has_password"], &user["email_verified"]),
        (&json!(true), &json!(false), &json!(false))
    );
    let tokens = client
        .show_face(Some(&name), photos.of_the_same())
        .await
        .expect(200)
        .json();
    let token = tokens["access_token"].as_str().expect("a token");
    let shown = client.with_token(token).get("/user").await.expect(200).json();
    assert_eq!(shown, user);
    let events = client
        .with_token(token)
        .get("/user/events")
        .await
        .expect(200)
        .text();
    assert!(
        events.contains("registered") && events.contains("face_enrolled"),
        "{events}"
    );
    let refused = register(
        &client,
        &name.to_uppercase(),
        "other@example.org",
        photos.of_one(),
    )
    .await;
    refused.problem(409, "username_taken");
    let refused = register(&client, &unique_name("face"), &email, photos.of_one()).await;
    refused.problem(409, "email_taken");
    // A password comes by way of the e-mail.
    let body = json!({"username": name, "password": ""});
    client
        .post("/login")
        .json(&body)
        .await
        .problem(401, "invalid_credentials");
}

async fn what_is_wrong_with_a_registration_is_named_and_nothing_is_made(database: Database) {
    let Some(photos) = FacePhotos::fetched() else {
        return;
    };
    let server = Server::start(photos.with_models(Options::on(database)));
    let client = server.client().await;
    let refused = register(&client, "x", "no address", vec![photos.of_another()]).await;
    refused.names_fields(&["username", "email", "images"]);
    let form = photo_form("images", photos.of_one());
    let refused = client.post("/register/face").multipart(form).await;
    refused.names_fields(&["username", "email"]);
}

async fn without_a_face_there_is_no_account(database: Database) {
    let Some(photos) = FacePhotos::fetched() else {
        return;
    };
    let server = Server::start(photos.with_models(Options::on(database)));
    let client = server.client().await;
    let name = unique_name("face");
    let email = format!("{name}@example.org");
    let mut mixed = photos.of_one();
    mixed[2] = photos.of_another();
    let refused = register(&client, &name, &email, mixed).await;
    refused.problem(422, "face_mismatch");
    // The name is still to be had.
    register(&client, &name, &email, photos.of_one())
        .await
        .expect(201);
}
