//! Sessions: renewed, seen, ended, and stolen tokens noticed.

use std::time::Duration;

use serde_json::{Value, json};
use tests::{Answer, Client, Database, Options, Server, User, on_every_database, on_sqlite};

on_every_database!(
    a_token_that_is_used_again_ends_the_whole_session,
    two_tabs_that_refresh_at_once_do_not_end_the_session,
    twenty_logins_at_once_are_twenty_sessions,
);

on_sqlite!(
    a_refresh_token_is_exchanged_once_and_the_session_lives_on,
    a_session_that_is_logged_out_of_ends_with_all_its_tokens,
    sessions_are_listed_and_ended_one_by_one,
    a_password_change_ends_the_other_sessions,
    a_malformed_request_names_its_fields,
    the_address_is_believed_of_trusted_proxies_only,
);

async fn log_in(user: &User) -> Value {
    let body = json!({"username": user.name, "password": user.password});
    let client = user.client.anonymous();
    client.post("/login").json(&body).await.expect(200).json()
}

async fn refresh(client: &Client, token: &Value) -> Answer {
    let body = json!({"refresh_token": token});
    client.anonymous().post("/token/refresh").json(&body).await
}

fn with(client: &Client, tokens: &Value) -> Client {
    client.with_token(tokens["access_token"].as_str().expect("an access token"))
}

async fn a_refresh_token_is_exchanged_once_and_the_session_lives_on(database: Database) {
    let user = Server::shared(database).user().await;
    let first = log_in(&user).await;
    let second = refresh(&user.client, &first["refresh_token"])
        .await
        .expect(200)
        .json();
    assert_eq!(second["token_type"], "Bearer");
    assert!(second["expires_in"].as_i64().is_some_and(|seconds| seconds > 0));
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    // Both access tokens are of the one session that lives.
    with(&user.client, &first).get("/user").await.expect(200);
    with(&user.client, &second).get("/user").await.expect(200);
    let third = refresh(&user.client, &second["refresh_token"])
        .await
        .expect(200)
        .json();
    with(&user.client, &third).get("/user").await.expect(200);
    // An access token renews nothing, and a refresh token opens nothing.
    let crossed = refresh(&user.client, &third["access_token"]).await;
    crossed.problem(401, "invalid_token");
    let token = third["refresh_token"].as_str().expect("a token");
    user.client
        .with_token(token)
        .get("/user")
        .await
        .problem(401, "unauthenticated");
}

async fn a_token_that_is_used_again_ends_the_whole_session(database: Database) {
    let user = Server::shared(database).user().await;
    let first = log_in(&user).await;
    let second = refresh(&user.client, &first["refresh_token"])
        .await
        .expect(200)
        .json();
    let third = refresh(&user.client, &second["refresh_token"])
        .await
        .expect(200)
        .json();
    // Two exchanges ago: nobody honest has it any more.
    refresh(&user.client, &first["refresh_token"])
        .await
        .problem(401, "invalid_token");
    refresh(&user.client, &third["refresh_token"])
        .await
        .problem(401, "invalid_token");
    with(&user.client, &third)
        .get("/user")
        .await
        .problem(401, "unauthenticated");
    // The user's other login is none of that family.
    user.client.get("/user").await.expect(200);
}

async fn two_tabs_that_refresh_at_once_do_not_end_the_session(database: Database) {
    let user = Server::shared(database).user().await;
    let first = log_in(&user).await;
    let tabs = (0..6).map(|_| refresh(&user.client, &first["refresh_token"]));
    let answers = futures_util::future::join_all(tabs).await;
    let (renewed, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
    assert_eq!(renewed.len(), 1, "a token is exchanged once");
    for answer in refused {
        answer.problem(401, "invalid_token");
    }
    let tokens = renewed[0].json();
    with(&user.client, &tokens).get("/user").await.expect(200);
    refresh(&user.client, &tokens["refresh_token"]).await.expect(200);
}

async fn a_session_that_is_logged_out_of_ends_with_all_its_tokens(database: Database) {
    let user = Server::shared(database).user().await;
    let tokens = log_in(&user).await;
    let body = json!({"refresh_token": tokens["refresh_token"]});
    let client = user.client.anonymous();
    client.post("/logout").json(&body).await.expect(204);
    with(&user.client, &tokens)
        .get("/user")
        .await
        .problem(401, "unauthenticated");
    refresh(&user.client, &tokens["refresh_token"])
        .await
        .problem(401, "invalid_token");
    // Again, or with any other text, there is nothing left to do.
    client.post("/logout").json(&body).await.expect(204);
    client
        .post("/logout")
        .json(&json!({"refresh_token": "nonsense"}))
        .await
        .expect(204);
    user.client.get("/user").await.expect(200);
}

async fn sessions(client: &Client) -> Vec<Value> {
    let page = client.get("/user/sessions").await.expect(200).json();
    page["items"].as_array().expect("items").clone()
}

async fn sessions_are_listed_and_ended_one_by_one(database: Database) {
    let user = Server::shared(database).user().await;
    let other = with(&user.client, &log_in(&user).await);
    let listed = sessions(&user.client).await;
    assert_eq!(listed.len(), 2);
    let current: Vec<bool> = listed
        .iter()
        .filter_map(|session| session["current"].as_bool())
        .collect();
    assert_eq!(current, [false, true], "newest first");
    assert_eq!(listed[0]["address"], "127.0.0.1");
    assert!(listed[0]["created_at"].is_string() && listed[0]["last_used_at"].is_string());
    let id = listed[0]["id"].as_str().expect("an id");
    user.client
        .delete(&format!("/user/sessions/{id}"))
        .await
        .expect(204);
    other.get("/user").await.problem(401, "unauthenticated");
    user.client
        .delete(&format!("/user/sessions/{id}"))
        .await
        .problem(404, "not_found");
    assert_eq!(sessions(&user.client).await.len(), 1);
    // One's own, too.
    let own = sessions(&user.client).await[0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    user.client
        .delete(&format!("/user/sessions/{own}"))
        .await
        .expect(204);
    user.client.get("/user").await.problem(401, "unauthenticated");
}

async fn a_password_change_ends_the_other_sessions(database: Database) {
    let user = Server::shared(database).user().await;
    let tokens = log_in(&user).await;
    let change = |current: &str, new: &str| {
        let body = json!({"current_password": current, "new_password": new});
        user.client.put("/user/password").json(&body)
    };
    change("not the password", "another long walk")
        .await
        .problem(401, "invalid_credentials");
    change(&user.password, "password1")
        .await
        .names_fields(&["new_password"]);
    change(&user.password, "short")
        .await
        .names_fields(&["new_password"]);
    with(&user.client, &tokens).get("/user").await.expect(200);

    change(&user.password, "quite another long walk")
        .await
        .expect(204);
    user.client.get("/user").await.expect(200);
    with(&user.client, &tokens)
        .get("/user")
        .await
        .problem(401, "unauthenticated");
    refresh(&user.client, &tokens["refresh_token"])
        .await
        .problem(401, "invalid_token");
    let old = json!({"username": user.name, "password": user.password});
    let client = user.client.anonymous();
    client
        .post("/login")
        .json(&old)
        .await
        .problem(401, "invalid_credentials");
    client.log_in(&user.name, "quite another long walk").await;
}

async fn twenty_logins_at_once_are_twenty_sessions(database: Database) {
    let user = Server::shared(database).user().await;
    let logins = futures_util::future::join_all((0..20).map(|_| log_in(&user))).await;
    for tokens in &logins {
        with(&user.client, tokens).get("/user").await.expect(200);
    }
    let page = user
        .client
        .get("/user/sessions?limit=100")
        .await
        .expect(200)
        .json();
    assert_eq!(page["items"].as_array().map(Vec::len), Some(21));
}

async fn a_malformed_request_names_its_fields(database: Database) {
    let user = Server::shared(database).user().await;
    for path in ["/token/refresh", "/logout"] {
        for body in [json!({}), json!({"refresh_token": 7})] {
            let answer = user.client.anonymous().post(path).json(&body).await;
            answer.names_fields(&["refresh_token"]);
        }
    }
    let answer = user.client.put("/user/password").json(&json!({})).await;
    answer.names_fields(&["current_password", "new_password"]);
}

async fn the_address_is_believed_of_trusted_proxies_only(database: Database) {
    let forwarded = "203.0.113.9, 192.0.2.1";
    for (trusted, expected) in [("127.0.0.0/8", "192.0.2.1"), ("10.0.0.0/8", "127.0.0.1")] {
        let options = Options::on(database).setting("OCELLUS__HTTP__TRUSTED_PROXIES", trusted);
        let server = Server::start(options.setting("OCELLUS__AUTH__REFRESH_TOKEN_TTL", "1h"));
        let user = server.user().await;
        let body = json!({"username": user.name, "password": user.password});
        let client = user.client.anonymous();
        let login = client.post("/login").header("X-Forwarded-For", forwarded);
        login
            .header("User-Agent", "test\u{9}tool")
            .json(&body)
            .await
            .expect(200);
        let newest = sessions(&user.client).await[0].clone();
        assert_eq!(newest["address"], expected);
        assert_eq!(newest["user_agent"], "testtool");
    }
}

#[tokio::test]
async fn a_session_ends_when_its_refresh_token_does() {
    let options = Options::on(Database::Sqlite).setting("OCELLUS__AUTH__REFRESH_TOKEN_TTL", "1s");
    let server = Server::start(options);
    let user = server.user().await;
    let tokens = log_in(&user).await;
    tests::eventually("the session to end", Duration::from_secs(30), async || {
        with(&user.client, &tokens).get("/user").await.status == 401
    })
    .await;
    refresh(&user.client, &tokens["refresh_token"])
        .await
        .problem(401, "invalid_token");
}
