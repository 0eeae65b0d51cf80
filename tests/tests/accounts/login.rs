//! Logging in, and what a token is good for.

use serde_json::{Value, json};
use tests::{Database, Server, on_sqlite};

on_sqlite!(
    a_wrong_login_does_not_tell_whether_the_name_exists,
    a_login_names_every_missing_field,
    every_part_of_an_account_needs_a_valid_token,
    each_kind_of_token_is_good_for_its_own_purpose_alone,
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

async fn each_kind_of_token_is_good_for_its_own_purpose_alone(database: Database) {
    let user = Server::shared(database).user().await;
    let anonymous = user.client.anonymous();
    let credentials = json!({"username": user.name, "password": user.password});
    let tokens = anonymous
        .post("/login")
        .json(&credentials)
        .await
        .expect(200)
        .json();
    let (access, refresh) = (&tokens["access_token"], &tokens["refresh_token"]);
    let as_access = user.client.with_token(refresh.as_str().expect("a refresh token"));
    as_access.get("/user").await.problem(401, "unauthenticated");
    let as_refresh = anonymous
        .post("/token/refresh")
        .json(&json!({"refresh_token": access}));
    as_refresh.await.problem(401, "invalid_token");
    let end = anonymous.post("/logout").json(&json!({"refresh_token": access}));
    end.await.expect(204);
    // Neither did any harm to the session.
    let logged_in = user.client.with_token(access.as_str().expect("an access token"));
    logged_in.get("/user").await.expect(200);
    let renewal = anonymous
        .post("/token/refresh")
        .json(&json!({"refresh_token": refresh}));
    renewal.await.expect(200);
}
