//! What happened to an account, as its user reads it.

use serde_json::{Value, json};
use tests::{Answer, Client, Database, Options, OwnDatabase, Server, User, on_every_database, on_sqlite};

on_every_database!(
    every_security_event_is_written_down_for_its_user,
    events_are_listed_page_by_page_to_their_user_alone,
);

on_sqlite!(
    what_is_done_with_mailed_codes_is_written_down,
    a_failed_login_is_told_with_its_origin_and_nothing_that_was_typed,
);

async fn events(client: &Client) -> Vec<Value> {
    let page = client.get("/user/events?limit=100").await.expect(200).json();
    page["items"].as_array().expect("items").clone()
}

/// What happened, oldest first.
async fn kinds(user: &User) -> Vec<String> {
    let mut events = events(&user.client).await;
    events.reverse();
    let kind = |event: &Value| event["kind"].as_str().expect("a kind").to_owned();
    events.iter().map(kind).collect()
}

async fn log_in(user: &User, password: &str) -> Answer {
    let body = json!({"username": user.name, "password": password});
    user.client.anonymous().post("/login").json(&body).await
}

async fn post_token(user: &User, path: &str, tokens: &Value) -> Answer {
    let body = json!({"refresh_token": tokens["refresh_token"]});
    user.client.anonymous().post(path).json(&body).await
}

async fn every_security_event_is_written_down_for_its_user(database: Database) {
    let user = Server::shared(database).user().await;
    let change = |current: &str| {
        let body = json!({"current_password": current, "new_password": "quite another long walk"});
        user.client.put("/user/password").json(&body)
    };
    log_in(&user, "not the password")
        .await
        .problem(401, "invalid_credentials");
    let first = log_in(&user, &user.password).await.expect(200).json();
    post_token(&user, "/logout", &first).await.expect(204);
    // A renewal is none; a token that is used a third time is.
    let stolen = log_in(&user, &user.password).await.expect(200).json();
    let renewed = post_token(&user, "/token/refresh", &stolen)
        .await
        .expect(200)
        .json();
    post_token(&user, "/token/refresh", &renewed).await.expect(200);
    post_token(&user, "/token/refresh", &stolen)
        .await
        .problem(401, "invalid_token");
    user.client.log_in(&user.name, &user.password).await;
    let sessions = user.client.get("/user/sessions").await.expect(200).json();
    let session = sessions["items"][0]["id"].as_str().expect("an id");
    let session = format!("/user/sessions/{session}");
    user.client.delete(&session).await.expect(204);
    change("not the password")
        .await
        .problem(401, "invalid_credentials");
    change(&user.password).await.expect(204);
    let profile = json!({"username": user.name, "email": format!("new.{}", user.email)});
    user.client.put("/user").json(&profile).await.expect(200);
    let key = user
        .client
        .post("/user/api-keys")
        .json(&json!({"name": "backup"}));
    let key = key.await.expect(201).json();
    let key = format!("/user/api-keys/{}", key["id"].as_str().expect("an id"));
    user.client.delete(&key).await.expect(204);
    // What changes nothing is none, either.
    user.client.delete(&key).await.problem(404, "not_found");
    user.client.delete(&session).await.problem(404, "not_found");
    assert_eq!(
        kinds(&user).await,
        [
            "registered",
            "logged_in",
            "login_failed",
            "logged_in",
            "logged_out",
            "logged_in",
            "refresh_reused",
            "logged_in",
            "session_ended",
            "password_change_failed",
            "password_changed",
            "profile_changed",
            "api_key_created",
            "api_key_deleted",
        ]
    );
}

async fn what_is_done_with_mailed_codes_is_written_down(database: Database) {
    let server = Server::shared(database);
    let user = server.user().await;
    let client = user.client.anonymous();
    let code = server.mail_to(&user.email, 1).await.code();
    let verification = json!({"email": user.email, "code": code});
    let verified = client.post("/email/verify").json(&verification);
    verified.await.expect(204);
    // Spent, and so nothing happens.
    let again = client.post("/email/verify").json(&verification);
    again.await.problem(401, "invalid_token");
    let wish = json!({"email": user.email});
    let forgotten = client.post("/password/forgot").json(&wish);
    forgotten.await.expect(202);
    let code = server.mail_to(&user.email, 2).await.code();
    let reset = json!({"email": user.email, "code": code, "new_password": "quite another long walk"});
    let reset = client.post("/password/reset").json(&reset);
    reset.await.expect(204);
    let token = client.log_in(&user.name, "quite another long walk").await;
    let user = User {
        client: client.with_token(&token),
        ..user
    };
    let expected = [
        "registered",
        "logged_in",
        "email_verified",
        "recovery_requested",
        "password_reset",
        "logged_in",
    ];
    assert_eq!(kinds(&user).await, expected);
    for event in events(&user.client).await {
        assert_eq!(event["address"], "127.0.0.1", "{event}");
    }
}

async fn a_failed_login_is_told_with_its_origin_and_nothing_that_was_typed(database: Database) {
    let user = Server::shared(database).user().await;
    let body = json!({"username": user.email, "password": "a secret that is wrong"});
    let login = user.client.anonymous().post("/login").json(&body);
    let login = login.header("User-Agent", "test\u{9}tool").await;
    login.problem(401, "invalid_credentials");
    let answer = user.client.get("/user/events?limit=1").await.expect(200);
    let event = &answer.json()["items"][0];
    assert_eq!(event["kind"], "login_failed");
    assert_eq!(event["address"], "127.0.0.1");
    assert_eq!(event["user_agent"], "testtool");
    assert!(event["id"].is_string() && event["created_at"].is_string());
    let text = answer.text();
    for typed in ["a secret that is wrong", &user.name, &user.email] {
        assert!(!text.contains(typed), "{text}");
    }
}

async fn events_are_listed_page_by_page_to_their_user_alone(database: Database) {
    let server = Server::shared(database);
    let (user, other) = (server.user().await, server.user().await);
    for _ in 0..3 {
        user.client.log_in(&user.name, &user.password).await;
    }
    let pages = user.client.listed("/user/events", 2).await;
    let sizes: Vec<usize> = pages.iter().map(Vec::len).collect();
    assert_eq!(sizes, [2, 2, 1]);
    let all = pages.concat();
    assert!(all.is_sorted_by(|newer, older| newer > older), "{all:?}");
    assert_eq!(kinds(&other).await, ["registered", "logged_in"]);
    let page = user.client.get("/user/events?limit=0&cursor=x").await;
    page.names_fields(&["limit", "cursor"]);
    // A key may do what its user may.
    let key = user
        .client
        .post("/user/api-keys")
        .json(&json!({"name": "backup"}));
    let key = key.await.expect(201).json();
    let program = user.client.with_token(key["key"].as_str().expect("a key"));
    assert_eq!(events(&program).await.len(), 6);
}

/// What is left of a deleted account in a database that can be looked into from outside.
async fn is_left_with_one_event_that_tells_nothing_more(kind: Database) {
    let database = OwnDatabase::create(kind);
    let options = Options::default().setting("OCELLUS__DATABASE__URL", &database.url);
    let server = Server::start(options.keeping(database.clone()));
    let user = server.user().await;
    log_in(&user, "not the password")
        .await
        .problem(401, "invalid_credentials");
    user.client.delete("/user").await.expect(204);
    // Nobody has the name any more.
    log_in(&user, &user.password)
        .await
        .problem(401, "invalid_credentials");
    let kinds = |condition: &str| {
        let rows = database.execute(&format!("SELECT kind FROM user_events WHERE {condition}"));
        rows.trim().to_owned()
    };
    assert_eq!(kinds("user_id IS NOT NULL"), "account_deleted");
    assert_eq!(kinds("user_id IS NULL"), "login_failed");
    let told = "kind = 'account_deleted' AND (address IS NOT NULL OR user_agent IS NOT NULL)";
    assert_eq!(kinds(told), "");
}

#[tokio::test]
async fn an_account_that_is_deleted_leaves_one_event_that_tells_nothing_more() {
    for kind in [Database::Postgres, Database::Mariadb] {
        is_left_with_one_event_that_tells_nothing_more(kind).await;
    }
}
