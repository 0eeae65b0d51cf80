//! API keys: programs that act for their users.

use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use serde_json::{Value, json};
use tests::{Database, Server, User, bundled_image, eventually, on_every_database, on_sqlite, unique_name};

use crate::unique_email;

on_every_database!(a_key_acts_for_its_user,);

on_sqlite!(
    a_key_may_not_manage_logins_keys_the_password_or_the_account,
    a_key_is_shown_once_and_known_by_its_prefix,
    a_withdrawn_key_counts_no_more,
    a_key_ends_when_it_is_to,
    a_malformed_key_request_names_its_fields,
);

async fn create(user: &User, body: Value) -> Value {
    user.client
        .post("/user/api-keys")
        .json(&body)
        .await
        .expect(201)
        .json()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name} is text in {value}"))
}

async fn a_key_acts_for_its_user(database: Database) {
    let user = Server::shared(database).user().await;
    let key = create(&user, json!({"name": "backup"})).await;
    let program = user.client.with_token(text(&key, "key"));
    assert_eq!(
        program.get("/user").await.expect(200).json()["id"],
        user.id.as_str()
    );
    let image = program.uploaded(bundled_image("hello.png")).await;
    user.client.get(&format!("/images/{image}")).await.expect(200);
    program.delete(&format!("/images/{image}")).await.expect(204);
    let listed = user.client.get("/user/api-keys").await.expect(200).json();
    assert!(listed["items"][0]["last_used_at"].is_string(), "{listed}");
    // It outlives the login that made it, and a change of the password.
    user.client
        .put("/user/password")
        .json(&json!({"current_password": user.password, "new_password": "quite another long walk"}))
        .await
        .expect(204);
    program.get("/user").await.expect(200);
}

async fn a_key_may_not_manage_logins_keys_the_password_or_the_account(database: Database) {
    let user = Server::shared(database).user().await;
    let key = create(&user, json!({"name": "backup"})).await;
    let program = user.client.with_token(text(&key, "key"));
    let sessions = user.client.get("/user/sessions").await.expect(200).json();
    let session = text(&sessions["items"][0], "id").to_owned();
    let own = format!("/user/api-keys/{}", text(&key, "id"));
    program
        .post("/user/api-keys")
        .json(&json!({"name": "more"}))
        .await
        .problem(403, "forbidden");
    program.get("/user/api-keys").await.problem(403, "forbidden");
    program.delete(&own).await.problem(403, "forbidden");
    program.get("/user/sessions").await.problem(403, "forbidden");
    program
        .delete(&format!("/user/sessions/{session}"))
        .await
        .problem(403, "forbidden");
    let body = json!({"current_password": user.password, "new_password": "quite another long walk"});
    program
        .put("/user/password")
        .json(&body)
        .await
        .problem(403, "forbidden");
    // Whoever has the e-mail has the password; a name is only a name.
    let body = json!({"username": user.name, "email": unique_email()});
    program.put("/user").json(&body).await.problem(403, "forbidden");
    let name = unique_name("renamed");
    let body = json!({"username": name, "email": user.email});
    program.put("/user").json(&body).await.expect(200);
    program.delete("/user").await.problem(403, "forbidden");
    user.client.get("/user").await.expect(200);
}

async fn a_key_is_shown_once_and_known_by_its_prefix(database: Database) {
    let server = Server::start(tests::Options::on(database));
    let user = server.user().await;
    let end = "2099-01-31T12:00:00Z";
    let answer = user
        .client
        .post("/user/api-keys")
        .json(&json!({"name": " nightly ", "expires_at": end}));
    let answer = answer.await.expect(201);
    let key = answer.json();
    let secret = text(&key, "key").to_owned();
    assert!(secret.starts_with("oc_") && secret.len() == 46, "{secret}");
    assert!(secret.starts_with(text(&key, "prefix")));
    assert_eq!(
        answer.header("location"),
        format!("/user/api-keys/{}", text(&key, "id"))
    );
    let listed = user.client.get("/user/api-keys").await.expect(200);
    let item = &listed.json()["items"][0];
    assert_eq!(text(item, "name"), "nightly");
    let moment = |text: &str| DateTime::parse_from_rfc3339(text).expect("a time");
    assert_eq!(moment(text(item, "expires_at")), moment(end));
    assert_eq!(item["prefix"], key["prefix"]);
    assert!(!listed.text().contains(&secret));
    // Nowhere else is it, either.
    user.client.with_token(&secret).get("/user").await.expect(200);
    assert!(!server.log().text().contains(&secret));
    let within = |content: &[u8]| {
        content
            .windows(secret.len())
            .any(|part| part == secret.as_bytes())
    };
    assert!(server.stored_files(within).is_empty());
}

async fn a_withdrawn_key_counts_no_more(database: Database) {
    let user = Server::shared(database).user().await;
    let key = create(&user, json!({"name": "backup"})).await;
    let program = user.client.with_token(text(&key, "key"));
    program.get("/user").await.expect(200);
    let path = format!("/user/api-keys/{}", text(&key, "id"));
    user.client.delete(&path).await.expect(204);
    program.get("/user").await.problem(401, "unauthenticated");
    user.client.delete(&path).await.problem(404, "not_found");
    for wrong in ["oc_", "oc_nonsense", &text(&key, "key").to_uppercase()] {
        user.client
            .with_token(wrong)
            .get("/user")
            .await
            .problem(401, "unauthenticated");
    }
}

async fn a_key_ends_when_it_is_to(database: Database) {
    let user = Server::shared(database).user().await;
    let account = user.client.get("/user").await.expect(200).json();
    // By the service's own clock.
    let past = text(&account, "created_at");
    let late = json!({"name": "late", "expires_at": past});
    let late = user.client.post("/user/api-keys").json(&late).await;
    late.names_fields(&["expires_at"]);
    let now = DateTime::parse_from_rfc3339(past).expect("a time");
    let soon = (now + TimeDelta::seconds(10)).to_rfc3339();
    let key = create(&user, json!({"name": "short", "expires_at": soon})).await;
    let program = user.client.with_token(text(&key, "key"));
    eventually("the key to end", Duration::from_secs(30), async || {
        program.get("/user").await.status == 401
    })
    .await;
}

async fn a_malformed_key_request_names_its_fields(database: Database) {
    let user = Server::shared(database).user().await;
    for (body, fields) in [
        (json!({}), vec!["name"]),
        (
            json!({"name": "", "expires_at": "soon"}),
            vec!["name", "expires_at"],
        ),
        (json!({"name": 7}), vec!["name"]),
        (json!({"name": "k".repeat(65)}), vec!["name"]),
    ] {
        let answer = user.client.post("/user/api-keys").json(&body).await;
        answer.names_fields(&fields);
    }
}
