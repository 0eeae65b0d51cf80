//! What becomes of those who try too often.

use futures_util::future::join_all;
use serde_json::json;
use tests::{Client, Database, Options, Server, on_every_database, on_sqlite};

on_every_database!(
    past_its_limit_an_account_is_closed_to_strangers_and_open_to_its_user,
    of_many_guesses_at_once_no_more_than_the_limit_count,
    twenty_logins_at_once_all_succeed,
    what_was_counted_holds_after_a_restart,
);

on_sqlite!(
    a_name_that_nobody_has_is_closed_alike,
    past_its_limit_an_address_may_try_nothing_more,
    wrong_codes_count_against_the_address_they_come_from,
    the_password_cannot_be_guessed_in_a_session,
    registrations_from_one_address_are_limited,
);

/// Where the owner sits.
const HOME: &str = "192.0.2.1";
/// Somebody else's address.
const AWAY: &str = "198.51.100.7";

fn server(database: Database, limits: &[(&str, &str)]) -> Server {
    let behind_a_proxy = Options::on(database).setting("OCELLUS__HTTP__TRUSTED_PROXIES", "127.0.0.0/8");
    let options = limits.iter().fold(behind_a_proxy, |options, (name, value)| {
        options.setting(&format!("OCELLUS__RATE_LIMITS__{name}"), value)
    });
    Server::start(options)
}

async fn log_in_from(client: &Client, address: &str, name: &str, password: &str) -> tests::Answer {
    client
        .anonymous()
        .post("/login")
        .header("X-Forwarded-For", address)
        .json(&json!({"username": name, "password": password}))
        .await
}

async fn fail(client: &Client, address: &str, name: &str, times: usize) {
    for _ in 0..times {
        log_in_from(client, address, name, "not the password")
            .await
            .problem(401, "invalid_credentials");
    }
}

async fn past_its_limit_an_account_is_closed_to_strangers_and_open_to_its_user(database: Database) {
    let server = server(database, &[]);
    let user = server.user().await;
    let client = &user.client;
    log_in_from(client, HOME, &user.name, &user.password)
        .await
        .expect(200);
    fail(client, AWAY, &user.name.to_uppercase(), 10).await;
    let refused = log_in_from(client, AWAY, &user.name, &user.password).await;
    refused.problem(429, "too_many_attempts");
    let seconds: u64 = refused.header("Retry-After").parse().expect("seconds");
    assert!((1..=900).contains(&seconds), "{seconds}");
    // From a third place it is closed, too; from his own the user goes in.
    log_in_from(client, "203.0.113.5", &user.name, &user.password)
        .await
        .problem(429, "too_many_attempts");
    log_in_from(client, HOME, &user.name, &user.password)
        .await
        .expect(200);
    // That it was closed is written down once, whoever knocks at it then.
    let page = client.get("/user/events?limit=100").await.expect(200).json();
    let events = page["items"].as_array().expect("items");
    let of = |kind: &str| {
        let events = events.iter().filter(|event| event["kind"] == kind);
        events.map(|event| event["address"].as_str()).collect::<Vec<_>>()
    };
    assert_eq!(of("login_failed"), [Some(AWAY); 10]);
    assert_eq!(of("login_throttled"), [Some(AWAY)]);
}

async fn a_name_that_nobody_has_is_closed_alike(database: Database) {
    let server = server(database, &[]);
    let client = server.client().await;
    fail(&client, AWAY, "nobody.at.all", 10).await;
    log_in_from(&client, AWAY, "Nobody.At.All", "not the password")
        .await
        .problem(429, "too_many_attempts");
}

async fn past_its_limit_an_address_may_try_nothing_more(database: Database) {
    let server = server(database, &[("LOGIN__PER_NETWORK", "3")]);
    let user = server.user().await;
    for name in ["one", "two", "three"] {
        // One sender has all of these.
        fail(&user.client, &format!("2001:db8:0:1::{}", name.len()), name, 1).await;
    }
    log_in_from(&user.client, "2001:db8:0:1::9", &user.name, &user.password)
        .await
        .problem(429, "too_many_attempts");
    log_in_from(&user.client, "2001:db8:0:2::9", &user.name, &user.password)
        .await
        .expect(200);
}

async fn wrong_codes_count_against_the_address_they_come_from(database: Database) {
    let server = server(database, &[("LOGIN__PER_NETWORK", "3")]);
    let user = server.user().await;
    let from = |address: &'static str, path: &'static str| {
        let body =
            json!({"email": user.email, "code": "00000000", "new_password": "quite another long walk"});
        let request = user.client.anonymous().post(path);
        async move { request.header("X-Forwarded-For", address).json(&body).await }
    };
    for path in ["/email/verify", "/password/reset", "/email/verify"] {
        from(AWAY, path).await.problem(401, "invalid_token");
    }
    for path in ["/email/verify", "/password/reset"] {
        from(AWAY, path).await.problem(429, "too_many_attempts");
        from(HOME, path).await.problem(401, "invalid_token");
    }
}

async fn the_password_cannot_be_guessed_in_a_session(database: Database) {
    let server = server(database, &[("LOGIN__PER_ACCOUNT", "3")]);
    let user = server.user().await;
    let change = |current: &str| {
        let body = json!({"current_password": current, "new_password": "quite another long walk"});
        let request = user.client.put("/user/password");
        async move { request.json(&body).await }
    };
    for _ in 0..3 {
        change("not the password")
            .await
            .problem(401, "invalid_credentials");
    }
    let refused = change(&user.password).await;
    refused.problem(429, "too_many_attempts");
    // Whoever guesses in a session does not shut the user out of logging in.
    log_in_from(&user.client, AWAY, &user.name, &user.password)
        .await
        .expect(200);
}

async fn of_many_guesses_at_once_no_more_than_the_limit_count(database: Database) {
    let server = server(database, &[("LOGIN__PER_ACCOUNT", "3")]);
    let user = server.user().await;
    let guess = |number: usize| {
        let (client, name) = (user.client.clone(), user.name.clone());
        // The right one comes last.
        let password = if number < 29 {
            "not the password"
        } else {
            &user.password
        };
        let password = password.to_owned();
        async move { log_in_from(&client, AWAY, &name, &password).await }
    };
    let answers = join_all((0..29).map(guess)).await;
    for answer in answers {
        assert!([401, 429].contains(&answer.status), "{answer:?}");
    }
    guess(29).await.problem(429, "too_many_attempts");
}

async fn twenty_logins_at_once_all_succeed(database: Database) {
    let server = server(database, &[]);
    let user = server.user().await;
    let logins = (0..20).map(|_| log_in_from(&user.client, AWAY, &user.name, &user.password));
    for login in join_all(logins).await {
        login.expect(200);
    }
}

async fn registrations_from_one_address_are_limited(database: Database) {
    let server = server(database, &[("REGISTRATION__PER_NETWORK", "2")]);
    let client = server.client().await;
    let register = |address: &'static str, name: &'static str| {
        client
            .post("/register")
            .header("X-Forwarded-For", address)
            .json(&json!({
                "username": name,
                "email": format!("{name}@example.org"),
                "password": format!("a long walk of {name}"),
            }))
    };
    for name in ["first", "second"] {
        register(AWAY, name).await.expect(201);
    }
    let refused = register(AWAY, "third").await;
    refused.problem(429, "too_many_attempts");
    let seconds: u64 = refused.header("Retry-After").parse().expect("seconds");
    assert!((1..=3600).contains(&seconds), "{seconds}");
    register(HOME, "third").await.expect(201);
}

async fn what_was_counted_holds_after_a_restart(database: Database) {
    let mut server = server(database, &[]);
    let name = server.user().await.name;
    fail(&server.client().await, AWAY, &name, 10).await;
    server.kill();
    server.start_again();
    log_in_from(&server.client().await, AWAY, &name, "not the password")
        .await
        .problem(429, "too_many_attempts");
}
