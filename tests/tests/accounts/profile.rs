//! Reading, changing and deleting oneself.

use std::time::Duration;

use serde_json::json;
use tests::{Database, Server, eventually, on_every_database, on_sqlite, picture, unique_name};

use crate::unique_email;

on_every_database!(
    a_change_to_what_another_has_is_a_conflict,
    a_deleted_user_leaves_no_bytes_and_others_keep_theirs,
);

on_sqlite!(
    a_user_reads_himself,
    a_user_changes_name_and_address,
    a_user_keeps_his_own_name_in_another_case,
    a_change_names_every_bad_field,
    a_deleted_user_is_gone_at_once,
);

async fn a_user_reads_himself(database: Database) {
    let user = Server::shared(database).user().await;
    let answer = user.client.get("/user").await.expect(200);
    let own = answer.json();
    assert_eq!(own["id"], user.id);
    assert_eq!(own["username"], user.name);
    assert_eq!(own["email"], user.email);
    let fields: Vec<_> = own.as_object().expect("an object").keys().cloned().collect();
    let mut expected = vec![
        "id",
        "username",
        "email",
        "email_verified",
        "has_password",
        "has_face",
        "created_at",
        "updated_at",
    ];
    expected.sort_unstable();
    let mut sorted = fields.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, expected, "neither more nor less than the contract");
}

async fn a_user_changes_name_and_address(database: Database) {
    let server = Server::shared(database);
    let user = server.user().await;
    let (name, email) = (unique_name("Renamed"), unique_email());
    let changed = user
        .client
        .put("/user")
        .json(&json!({"username": name, "email": email}))
        .await
        .expect(200)
        .json();
    assert_eq!(changed["id"], user.id);
    assert_eq!(changed["username"], name);
    assert_eq!(changed["email"], email);
    assert_eq!(changed["email_verified"], false);
    assert_ne!(changed["updated_at"], changed["created_at"]);
    assert_eq!(user.client.get("/user").await.expect(200).json(), changed);

    // The old name is free again and the new one logs in.
    user.client.log_in(&name, &user.password).await;
    let client = server.client().await;
    client
        .post("/login")
        .json(&json!({"username": user.name, "password": user.password}))
        .await
        .problem(401, "invalid_credentials");
    client
        .post("/register")
        .json(&json!({"username": user.name, "email": user.email, "password": "somebody else now"}))
        .await
        .expect(201);
}

async fn a_user_keeps_his_own_name_in_another_case(database: Database) {
    let user = Server::shared(database).user().await;
    let name = user.name.to_uppercase();
    let changed = user
        .client
        .put("/user")
        .json(&json!({"username": name, "email": user.email}))
        .await
        .expect(200)
        .json();
    assert_eq!(changed["username"], name);
}

async fn a_change_to_what_another_has_is_a_conflict(database: Database) {
    let server = Server::shared(database);
    let (user, other) = (server.user().await, server.user().await);
    let change = |name: &str, email: &str| {
        user.client
            .put("/user")
            .json(&json!({"username": name, "email": email}))
    };
    change(&other.name.to_uppercase(), &user.email)
        .await
        .problem(409, "username_taken");
    change(&user.name, &other.email.to_uppercase())
        .await
        .problem(409, "email_taken");
    let unchanged = user.client.get("/user").await.expect(200).json();
    assert_eq!(unchanged["username"], user.name);
    assert_eq!(unchanged["email"], user.email);
}

async fn a_change_names_every_bad_field(database: Database) {
    let user = Server::shared(database).user().await;
    for (body, fields) in [
        (
            json!({"username": "a b", "email": "nobody"}),
            &["username", "email"][..],
        ),
        (json!({}), &["username", "email"]),
        (
            json!({"username": false, "email": "fine@example.org"}),
            &["username"],
        ),
    ] {
        user.client.put("/user").json(&body).await.names_fields(fields);
    }
}

async fn a_deleted_user_is_gone_at_once(database: Database) {
    let server = Server::shared(database);
    let user = server.user().await;
    let second = user
        .client
        .with_token(&user.client.log_in(&user.name, &user.password).await);
    let gone = user.client.delete("/user").await.expect(204);
    assert!(gone.body.is_empty());
    for client in [&user.client, &second] {
        client.get("/user").await.problem(401, "unauthenticated");
        client.get("/images").await.problem(401, "unauthenticated");
        client.delete("/user").await.problem(401, "unauthenticated");
        client
            .upload(picture(1, 9, 9))
            .await
            .problem(401, "unauthenticated");
    }
    let client = server.client().await;
    client
        .post("/login")
        .json(&json!({"username": user.name, "password": user.password}))
        .await
        .problem(401, "invalid_credentials");
    client
        .post("/register")
        .json(&json!({"username": user.name, "email": user.email, "password": user.password}))
        .await
        .expect(201);
}

async fn a_deleted_user_leaves_no_bytes_and_others_keep_theirs(database: Database) {
    let server = Server::shared(database);
    let (user, other) = (server.user().await, server.user().await);
    let (gone, kept) = (picture(7001, 60, 40), picture(7002, 60, 40));
    user.client.uploaded(gone.clone()).await;
    let id = other.client.uploaded(kept.clone()).await;
    // The same bytes twice: deleting one user's must not take the other's.
    let twin = other.client.uploaded(gone.clone()).await;
    assert!(!server.stored_files(|content| content == gone).is_empty());

    let stored = server.stored_files(|content| content == gone).len();
    user.client.delete("/user").await.expect(204);
    eventually(
        "the blob of the deleted user to go",
        Duration::from_secs(15),
        async || server.stored_files(|content| content == gone).len() < stored,
    )
    .await;

    for (id, bytes) in [(id, kept), (twin, gone)] {
        let content = other
            .client
            .get(&format!("/images/{id}/content"))
            .await
            .expect(200);
        assert_eq!(content.body, bytes);
    }
}
