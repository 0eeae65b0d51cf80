//! Secrets stay where they belong.

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};
use tests::{Database, Options, Server, bundled_image, unique_name};

#[test]
fn the_signing_key_is_its_owners_alone_and_stays() {
    let mut server = Server::start(Options::on(Database::Sqlite));
    let keys: Vec<_> = server
        .stored_files(|content| content.starts_with(b"-----BEGIN PRIVATE KEY-----"))
        .into_iter()
        .map(|path| {
            let mode = std::fs::metadata(&path).expect("a file").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", path.display());
            (path.clone(), std::fs::read(path).expect("a file"))
        })
        .collect();
    assert_eq!(keys.len(), 1, "one key is generated");
    server.kill();
    server.start_again();
    assert_eq!(std::fs::read(&keys[0].0).expect("a file"), keys[0].1);
}

#[tokio::test]
async fn no_line_of_the_log_holds_a_secret() {
    let server = Server::start(Options::on(Database::Postgres));
    let client = server.client().await;
    let name = unique_name("careful");
    let password = "canary-password-of-a-user";
    let email = format!("{name}@example.org");
    client
        .post("/register")
        .json(&json!({"username": name, "email": email, "password": password}))
        .await
        .expect(201);
    client
        .post("/register")
        .json(&json!({"username": name, "email": email, "password": password}))
        .await
        .expect(409);
    client
        .post("/register")
        .json(&json!({"username": "x", "email": "x", "password": format!("{password}\u{0}")}))
        .await
        .expect(400);
    client
        .post("/login")
        .json(&json!({"username": name, "password": format!("{password}-wrong")}))
        .await
        .expect(401);
    client
        .post("/login")
        .body(
            "application/json",
            format!("{{\"username\": 1, \"password\": \"{password}\" oops"),
        )
        .await
        .expect(400);
    let tokens = client
        .post("/login")
        .json(&json!({"username": name, "password": password}))
        .await
        .expect(200)
        .json();
    let token = tokens["access_token"].as_str().expect("a token");
    let own = client.with_token(token);
    let id = own.uploaded(bundled_image("hello.png")).await;
    own.get(&format!("/images/{id}/text")).await.expect(200);
    own.get(&format!("/user?access_token={token}")).await.expect(200);
    client
        .get("/user")
        .header("authorization", &format!("Bearer {token}tampered"))
        .await
        .expect(401);
    own.delete("/user").await.expect(204);

    let log = server.log().text();
    assert!(log.contains("listening"), "there is a log at all");
    let refresh = tokens["refresh_token"].as_str().expect("a token");
    let signature = token.rsplit('.').next().expect("a signature");
    for secret in [
        password,
        token,
        signature,
        refresh,
        "argon2id",
        "ocellus_test:ocellus_test",
    ] {
        assert!(!log.contains(secret), "“{secret}” is in the log");
    }
    for line in server.log().lines() {
        let entry = serde_json::from_str::<Value>(&line);
        assert!(
            entry.is_ok_and(|entry| entry["level"].is_string()),
            "not a structured line: {line}"
        );
    }
}
