//! Logging in, and what a token is good for.

use serde_json::{Value, json};
use tests::{Database, Server, on_every_database};

on_every_database!(
    a_wrong_login_does_not_tell_whether_the_name_exists,
    a_login_names_every_missing_field,
    every_part_of_an_account_needs_a_valid_token,
);

async fn a_wrong_login_does_not_tell_whether_the_name_exists(database: Database) {
    let server = Server::shared(database);
    let user = server.user().await;
    let client = server.client().await;
    let attempt = |name: &str| {
        client
            .post("/login")
            .json(&json!({"username": name, "password": "not the password"}))
    };
    let mut answers = Vec::new();
    for name in [&user.name, &user.email, "nobody.at.all", "", "not/even a name"] {
        answers.push(attempt(name).await.problem(401, "invalid_credentials"));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
}

async fn a_login_names_every_missing_field(database: Database) {
    let client = Server::shared(database).client().await;
    for (body, fields) in [
        (json!({}), &["username", "password"][..]),
        (json!({"username": "somebody"}), &["password"]),
        (json!({"username": 1, "password": {}}), &["username", "password"]),
    ] {
        client.post("/login").json(&body).await.names_fields(fields);
    }
}

async fn every_part_of_an_account_needs_a_valid_token(database: Database) {
    let server = Server::shared(database);
    let user = server.user().await;
    let token = user.client.token().expect("a login").to_owned();
    let (head, rest) = token.split_once('.').expect("three parts");
    let (claims, signature) = rest.split_once('.').expect("three parts");
    let swapped: String = signature.chars().rev().collect();
    let unsigned = base64::Engine::encode(
        &base64::prelude::BASE64_URL_SAFE_NO_PAD,
        r#"{"alg":"none","typ":"at+jwt"}"#,
    );
    let bad: Vec<Value> = [
        "x".to_owned(),
        "a.b.c".to_owned(),
        format!("{head}.{claims}.{swapped}"),
        format!("{head}.{claims}."),
        format!("{unsigned}.{claims}."),
        format!("{unsigned}.{claims}.{signature}"),
        format!("{token}x"),
        "x".repeat(6000),
    ]
    .map(Value::String)
    .to_vec();
    for token in &bad {
        let client = user.client.with_token(token.as_str().expect("text"));
        client.get("/user").await.problem(401, "unauthenticated");
    }
    let anonymous = user.client.anonymous();
    for scheme in ["Basic dXNlcjpwYXNz", "Bearer", "Bearer ", "bearer-token x"] {
        anonymous
            .get("/user")
            .header("authorization", scheme)
            .await
            .problem(401, "unauthenticated");
    }
    // The scheme's name has no case.
    anonymous
        .get("/user")
        .header("authorization", &format!("bearer {token}"))
        .await
        .expect(200);
}
