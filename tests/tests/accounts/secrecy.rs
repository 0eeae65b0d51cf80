//! That secrets are where they belong and nowhere else.

use serde_json::{Value, json};
use tests::{Answer, Database, Options, Server, on_every_database, unique_name};

use crate::unique_email;

on_every_database!(no_secret_is_in_an_error_the_log_or_the_database,);

const PASSWORD: &str = "the first walk of a canary";
const NEW_PASSWORD: &str = "the second walk of a canary";
const WRONG: &str = "a walk that no canary took";

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().expect("a text").to_owned()
}

async fn no_secret_is_in_an_error_the_log_or_the_database(database: Database) {
    let server = Server::start(Options::on(database));
    let client = server.client().await;
    let (name, email) = (unique_name("careful"), unique_email());
    let account = json!({"username": name, "email": email, "password": PASSWORD});
    client.post("/register").json(&account).await.expect(201);
    let log_in = |password: &str| {
        let body = json!({"username": name, "password": password});
        client.post("/login").json(&body)
    };
    let first = log_in(PASSWORD).await.expect(200).json();
    let token = text(&first, "access_token");
    let user = client.with_token(&token);
    let keys = user.post("/user/api-keys").json(&json!({"name": "canary"}));
    let key = text(&keys.await.expect(201).json(), "key");
    let renew = |token: &str| {
        client
            .post("/token/refresh")
            .json(&json!({"refresh_token": token}))
    };
    let second = renew(&text(&first, "refresh_token")).await.expect(200).json();
    let change = |current: &str| {
        let body = json!({"current_password": current, "new_password": NEW_PASSWORD});
        user.put("/user/password").json(&body)
    };
    let mut errors: Vec<Answer> = vec![
        client.post("/register").json(&account).await.expect(409),
        log_in(WRONG).await.expect(401),
        change(WRONG).await.expect(401),
        renew(&format!("{}x", text(&second, "refresh_token")))
            .await
            .expect(401),
        client
            .with_token(&format!("{token}x"))
            .get("/user")
            .await
            .expect(401),
        client
            .with_token(&format!("{key}x"))
            .get("/user")
            .await
            .expect(401),
    ];
    change(PASSWORD).await.expect(204);
    errors.push(log_in(PASSWORD).await.expect(401));

    let mut secrets = vec![
        PASSWORD.to_owned(),
        NEW_PASSWORD.to_owned(),
        WRONG.to_owned(),
        key,
    ];
    for tokens in [&first, &second] {
        secrets.push(text(tokens, "access_token"));
        secrets.push(text(tokens, "refresh_token"));
    }
    let holds = |content: &[u8]| {
        let shown = String::from_utf8_lossy(content);
        let found = secrets.iter().find(|secret| {
            // Clients show binary columns in hexadecimal digits.
            let digits: Vec<String> = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
            shown.contains(secret.as_str()) || shown.contains(&digits.concat())
        });
        found.cloned()
    };
    for error in &errors {
        assert_eq!(holds(error.text().as_bytes()), None, "{error}");
    }
    let log = server.log().text();
    assert!(log.contains("\"answered\""), "there is a log at all: {log}");
    assert_eq!(holds(log.as_bytes()), None, "in the log");
    let files = server.stored_files(|content| holds(content).is_some());
    assert!(files.is_empty(), "{files:?}");
    if let Some(rows) = server.database_text() {
        assert!(rows.contains("argon2id") && rows.contains(&name), "{rows}");
        assert_eq!(holds(rows.as_bytes()), None, "in the database");
    }
}
