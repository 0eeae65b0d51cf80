//! Admins: who they are, and what they do with the accounts of others.

use serde_json::{Value, json};
use tests::{Answer, Client, Database, Server, User, on_every_database, on_sqlite, picture};

on_every_database!(
    a_user_is_promoted_beside_a_running_server,
    admins_list_users_and_find_them_by_name_or_address,
    a_user_is_deleted_with_everything_of_his,
);

on_sqlite!(
    nobody_is_promoted_by_a_name_that_nobody_has,
    only_admins_and_none_of_their_keys_administer,
    nothing_of_a_disabled_user_counts_until_he_is_enabled,
    a_disabled_user_gets_no_mail_and_the_codes_that_he_got_are_void,
    an_admin_shuts_out_neither_himself_nor_nobody,
    a_malformed_request_names_its_fields,
);

async fn set_disabled(admin: &User, id: &str, disabled: bool) -> Answer {
    let path = format!("/admin/users/{id}");
    let body = json!({"disabled": disabled});
    admin.client.put(&path).json(&body).await
}

async fn listed(admin: &User, query: &str) -> Vec<Value> {
    let page = admin.client.get(&format!("/admin/users?{query}")).await;
    let page = page.expect(200).json();
    page["items"].as_array().expect("items").clone()
}

async fn newest_event(user: &User) -> Value {
    let page = user.client.get("/user/events?limit=1").await.expect(200).json();
    page["items"][0].clone()
}

async fn key_of(user: &User) -> Client {
    let key = user
        .client
        .post("/user/api-keys")
        .json(&json!({"name": "backup"}));
    let key = key.await.expect(201).json();
    user.client.with_token(key["key"].as_str().expect("a key"))
}

async fn a_user_is_promoted_beside_a_running_server(database: Database) {
    let server = Server::shared(database);
    let user = server.user().await;
    user.client.get("/admin/users").await.problem(403, "forbidden");
    // Again does no harm, and names are compared without case.
    for name in [&user.name, &user.name.to_uppercase()] {
        let done = server.run(&["user", "promote", name]);
        assert_eq!(done.code, Some(0), "{}", done.errors);
        assert_eq!(done.output, format!("{} is an admin.\n", user.name));
        // The token that he has is enough.
        user.client.get("/admin/users").await.expect(200);
    }
    let events = user.client.get("/user/events").await.expect(200).json();
    let events = events["items"].as_array().expect("items");
    assert_eq!(events.len(), 3, "{events:?}");
    assert_eq!(events[0]["kind"], "promoted");
    assert!(events[0].get("address").is_none(), "{events:?}");
}

async fn nobody_is_promoted_by_a_name_that_nobody_has(database: Database) {
    let server = Server::shared(database);
    for name in ["nobody.at.all", "no name"] {
        let done = server.run(&["user", "promote", name]);
        assert_eq!((done.code, done.output.as_str()), (Some(1), ""));
        assert!(
            done.errors.contains("no user") && done.errors.contains(name),
            "{}",
            done.errors
        );
    }
}

async fn only_admins_and_none_of_their_keys_administer(database: Database) {
    let server = Server::shared(database);
    let (admin, user, other) = (server.admin().await, server.user().await, server.user().await);
    let path = format!("/admin/users/{}", other.id);
    let body = json!({"disabled": true});
    for client in [&user.client, &key_of(&user).await, &key_of(&admin).await] {
        client.get("/admin/users").await.problem(403, "forbidden");
        client.put(&path).json(&body).await.problem(403, "forbidden");
        client.delete(&path).await.problem(403, "forbidden");
    }
    other.client.get("/user").await.expect(200);
}

async fn admins_list_users_and_find_them_by_name_or_address(database: Database) {
    let server = Server::shared(database);
    let (admin, user) = (server.admin().await, server.user().await);
    let found = listed(&admin, &format!("q={}", user.name.to_uppercase())).await;
    let own = user.client.get("/user").await.expect(200).json();
    let mut expected = own.as_object().expect("an object").clone();
    expected.insert("role".to_owned(), json!("user"));
    let found = found.iter().find(|found| found["id"] == user.id.as_str());
    assert_eq!(found, Some(&Value::Object(expected)));
    let found = listed(&admin, &format!("q={}&limit=1", admin.email)).await;
    assert_eq!(
        (&found[0]["id"], &found[0]["role"]),
        (&json!(admin.id), &json!("admin"))
    );
    assert!(listed(&admin, "q=nobody%25").await.is_empty());
    // Newest first, and every one of them once; others register meanwhile.
    let pages = admin.client.listed("/admin/users", 2).await;
    let ids = pages.concat();
    assert!(ids.is_sorted_by(|newer, older| newer > older), "{ids:?}");
    assert!(ids.contains(&user.id) && ids.contains(&admin.id));
    let page = admin.client.get("/admin/users").await.expect(200).text();
    assert!(!page.contains("argon2"), "{page}");
}

async fn nothing_of_a_disabled_user_counts_until_he_is_enabled(database: Database) {
    let server = Server::shared(database);
    let (admin, user) = (server.admin().await, server.user().await);
    let program = key_of(&user).await;
    let login = json!({"username": user.name, "password": user.password});
    let login = || user.client.anonymous().post("/login").json(&login);
    let tokens = login().await.expect(200).json();
    let renewal = json!({"refresh_token": tokens["refresh_token"]});
    for _ in 0..2 {
        let shut = set_disabled(&admin, &user.id, true).await.expect(200).json();
        assert_eq!(shut["id"], user.id.as_str());
        assert!(shut["disabled_at"].is_string(), "{shut}");
    }
    user.client.get("/user").await.problem(401, "unauthenticated");
    program.get("/user").await.problem(401, "unauthenticated");
    let renewed = user.client.anonymous().post("/token/refresh").json(&renewal);
    renewed.await.problem(401, "invalid_token");
    let refused = login().await;
    refused.problem(401, "invalid_credentials");
    // Not a word tells it from a wrong password.
    let wrong = json!({"username": user.name, "password": "not the password"});
    let wrong = user.client.anonymous().post("/login").json(&wrong).await;
    assert_eq!(refused.json(), wrong.json());

    let open = set_disabled(&admin, &user.id, false).await.expect(200).json();
    assert!(open.get("disabled_at").is_none(), "{open}");
    // The sessions have ended for good.
    user.client.get("/user").await.problem(401, "unauthenticated");
    program.get("/user").await.expect(200);
    let user = User {
        client: user
            .client
            .with_token(&user.client.log_in(&user.name, &user.password).await),
        ..user
    };
    let events = user.client.get("/user/events").await.expect(200).json();
    let events = events["items"].as_array().expect("items").iter();
    let kinds: Vec<_> = events
        .filter_map(|event| event["kind"].as_str())
        .take(5)
        .collect();
    let expected = ["logged_in", "enabled", "login_failed", "login_failed", "disabled"];
    assert_eq!(kinds, expected, "newest first, and once for what was done twice");
}

async fn a_disabled_user_gets_no_mail_and_the_codes_that_he_got_are_void(database: Database) {
    let server = Server::shared(database);
    let (admin, user) = (server.admin().await, server.user().await);
    let client = user.client.anonymous();
    let forget = async || {
        let wish = json!({"email": user.email});
        client.post("/password/forgot").json(&wish).await.expect(202);
    };
    let reset = |code: &str| {
        let reset = json!({"email": user.email, "code": code, "new_password": "quite another long walk"});
        client.post("/password/reset").json(&reset)
    };
    let verification = server.mail_to(&user.email, 1).await.code();
    forget().await;
    let recovery = server.mail_to(&user.email, 2).await.code();
    set_disabled(&admin, &user.id, true).await.expect(200);
    forget().await;
    reset(&recovery).await.problem(401, "invalid_token");
    let verification = json!({"email": user.email, "code": verification});
    let verify = || client.post("/email/verify").json(&verification);
    verify().await.problem(401, "invalid_token");

    set_disabled(&admin, &user.id, false).await.expect(200);
    // What was void stays so, and the next mail is the one that is asked for now.
    reset(&recovery).await.problem(401, "invalid_token");
    verify().await.problem(401, "invalid_token");
    forget().await;
    let code = server.mail_to(&user.email, 3).await.code();
    reset(&code).await.expect(204);
    client.log_in(&user.name, "quite another long walk").await;
    assert_eq!(server.log().mails_to(&user.email).len(), 3);
}

async fn a_user_is_deleted_with_everything_of_his(database: Database) {
    let server = Server::shared(database);
    let (admin, user) = (server.admin().await, server.user().await);
    user.client.uploaded(picture(1, 9, 9)).await;
    let path = format!("/admin/users/{}", user.id);
    let gone = admin.client.delete(&path).await.expect(204);
    assert!(gone.body.is_empty());
    user.client.get("/images").await.problem(401, "unauthenticated");
    admin.client.delete(&path).await.problem(404, "not_found");
    assert!(listed(&admin, &format!("q={}", user.email)).await.is_empty());
    let again = json!({"username": user.name, "email": user.email, "password": user.password});
    let again = user.client.anonymous().post("/register").json(&again);
    again.await.expect(201);
}

async fn an_admin_shuts_out_neither_himself_nor_nobody(database: Database) {
    let server = Server::shared(database);
    let admin = server.admin().await;
    let own = format!("/admin/users/{}", admin.id);
    set_disabled(&admin, &admin.id, true)
        .await
        .problem(409, "conflict");
    admin.client.delete(&own).await.problem(409, "conflict");
    admin.client.get("/user").await.expect(200);
    assert_eq!(newest_event(&admin).await["kind"], "promoted");
    for nobody in ["0190b0a0-0000-7000-8000-000000000000", "nobody"] {
        set_disabled(&admin, nobody, true).await.problem(404, "not_found");
        let path = format!("/admin/users/{nobody}");
        admin.client.delete(&path).await.problem(404, "not_found");
    }
}

async fn a_malformed_request_names_its_fields(database: Database) {
    let server = Server::shared(database);
    let (admin, user) = (server.admin().await, server.user().await);
    for query in ["q=", "q=a%00b"] {
        let answer = admin.client.get(&format!("/admin/users?{query}")).await;
        answer.names_fields(&["q"]);
    }
    let answer = admin.client.get("/admin/users?limit=101").await;
    answer.names_fields(&["limit"]);
    for body in [json!({}), json!({"disabled": "yes"})] {
        let path = format!("/admin/users/{}", user.id);
        let answer = admin.client.put(&path).json(&body).await;
        answer.names_fields(&["disabled"]);
    }
}
