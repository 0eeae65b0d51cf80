//! Logging in with an OpenID provider: who is let in, and into whose account.

mod handover;
mod provider;

use std::sync::LazyLock;
use std::time::Duration;

use futures_util::future::join_all;
use provider::{Provider, SETTING};
use serde_json::{Value, json};
use tests::{
    Answer, Client, Database, Options, Server, eventually, on_every_database, on_sqlite, unique_name,
};

on_every_database!(
    a_first_login_makes_an_account_and_the_next_finds_it,
    twenty_first_logins_at_once_make_one_account,
    twenty_first_logins_at_once_link_one_account,
);

on_sqlite!(
    an_account_without_a_password_has_none_to_log_in_with_or_to_change,
    another_identity_with_the_same_verified_address_leads_to_the_same_account,
    an_address_that_the_issuer_did_not_verify_opens_nothing,
    a_name_that_is_taken_gets_a_mark,
    tokens_that_are_not_for_this_service_open_nothing,
    a_malformed_request_names_its_field,
    without_a_configured_issuer_it_is_unavailable,
    past_its_limit_an_address_is_refused_with_any_token,
);

/// What the provider that most tests here share answers with is never changed.
static PROVIDER: LazyLock<Provider> = LazyLock::new(Provider::start);

/// The server that most tests here share, which trusts [`PROVIDER`].
fn server(database: Database) -> &'static Server {
    static ON_SQLITE: LazyLock<Server> = LazyLock::new(|| trusting(Database::Sqlite, &PROVIDER));
    static ON_POSTGRES: LazyLock<Server> = LazyLock::new(|| trusting(Database::Postgres, &PROVIDER));
    static ON_MARIADB: LazyLock<Server> = LazyLock::new(|| trusting(Database::Mariadb, &PROVIDER));
    match database {
        Database::Sqlite => &ON_SQLITE,
        Database::Postgres => &ON_POSTGRES,
        Database::Mariadb => &ON_MARIADB,
    }
}

fn trusting(database: Database, provider: &Provider) -> Server {
    // All tests come from the same address.
    let options = Options::on(database)
        .setting("OCELLUS__RATE_LIMITS__REGISTRATION__PER_NETWORK", "0")
        .setting("OCELLUS__RATE_LIMITS__LOGIN__PER_NETWORK", "0");
    Server::start(options.setting(SETTING, &provider.setting()))
}

/// Somebody whom the provider knows, and nobody else yet.
struct Person {
    subject: String,
    name: String,
    email: String,
}

impl Person {
    fn new() -> Self {
        let name = unique_name("person");
        Self {
            subject: format!("subject of {name}"),
            email: format!("{name}@example.org"),
            name,
        }
    }

    fn token(&self) -> String {
        self.token_with(json!({}))
    }

    fn token_with(&self, changes: Value) -> String {
        PROVIDER.token(&self.subject, &self.email, changes)
    }
}

async fn present(client: &Client, token: &str) -> Answer {
    let body = json!({"id_token": token});
    client.anonymous().post("/login/oidc").json(&body).await
}

/// Logs in with a good token.
async fn entered(client: &Client, token: &str) -> Client {
    let tokens = present(client, token).await.expect(200).json();
    assert_eq!(tokens["token_type"], "Bearer");
    client.with_token(tokens["access_token"].as_str().expect("an access token"))
}

async fn account(client: &Client) -> Value {
    client.get("/user").await.expect(200).json()
}

async fn a_first_login_makes_an_account_and_the_next_finds_it(database: Database) {
    let (client, person) = (server(database).client().await, Person::new());
    let first = entered(&client, &person.token()).await;
    let made = account(&first).await;
    assert_eq!(made["username"], person.name.as_str());
    assert_eq!(made["email"], person.email.as_str());
    assert_eq!(
        (&made["email_verified"], &made["has_password"]),
        (&json!(true), &json!(false))
    );
    // From now on only issuer and subject count.
    let changes = json!({"email": "elsewhere@example.org", "email_verified": false, "name": "Another"});
    let second = entered(&client, &person.token_with(changes)).await;
    assert_eq!(account(&second).await, made);
    let sessions = second.get("/user/sessions").await.expect(200).json();
    assert_eq!(sessions["items"].as_array().map(Vec::len), Some(2), "{sessions}");
    // When the account is gone, so is the identity.
    second.delete("/user").await.expect(204);
    first.get("/user").await.problem(401, "unauthenticated");
    let third = entered(&client, &person.token()).await;
    assert_ne!(account(&third).await["id"], made["id"]);
}

async fn an_account_without_a_password_has_none_to_log_in_with_or_to_change(database: Database) {
    let (client, person) = (server(database).client().await, Person::new());
    let entered = entered(&client, &person.token()).await;
    for name in [&person.name, &person.email] {
        for password in ["", "a fine password"] {
            let body = json!({"username": name, "password": password});
            let answer = client.post("/login").json(&body).await;
            answer.problem(401, "invalid_credentials");
        }
    }
    for password in ["", "a fine password"] {
        let body = json!({"current_password": password, "new_password": "quite another long walk"});
        let answer = entered.put("/user/password").json(&body).await;
        answer.problem(401, "invalid_credentials");
    }
    assert_eq!(account(&entered).await["has_password"], false);
}

async fn another_identity_with_the_same_verified_address_leads_to_the_same_account(database: Database) {
    let (client, person) = (server(database).client().await, Person::new());
    let first = entered(&client, &person.token()).await;
    let changes = json!({"sub": format!("other {}", person.subject), "email": person.email.to_uppercase()});
    let second = entered(&client, &person.token_with(changes)).await;
    // Both sessions live, for the address was verified here before.
    assert_eq!(account(&first).await, account(&second).await);
}

async fn an_address_that_the_issuer_did_not_verify_opens_nothing(database: Database) {
    let server = server(database);
    let (client, registered) = (server.client().await, server.user().await);
    let person = Person::new();
    for changes in [
        json!({"email_verified": false}),
        json!({"email_verified": null}),
        json!({"email": null}),
        json!({"email": registered.email, "email_verified": false}),
    ] {
        let answer = present(&client, &person.token_with(changes)).await;
        answer.problem(403, "email_not_verified");
    }
    registered.client.get("/user").await.expect(200);
    client.log_in(&registered.name, &registered.password).await;
}

async fn a_name_that_is_taken_gets_a_mark(database: Database) {
    let server = server(database);
    let (client, registered) = (server.client().await, server.user().await);
    let person = Person::new();
    let changes = json!({"email": format!("{}@other.example.org", registered.name)});
    let made = account(&entered(&client, &person.token_with(changes)).await).await;
    let name = made["username"].as_str().expect("a name");
    let mark = name.strip_prefix(&format!("{}-", registered.name));
    assert!(mark.is_some_and(|mark| mark.len() == 8), "{name}");
}

async fn tokens_that_are_not_for_this_service_open_nothing(database: Database) {
    let (client, person) = (server(database).client().await, Person::new());
    let good = person.token();
    let (message, _) = good.rsplit_once('.').expect("three parts");
    let own = {
        let registered = server(database).user().await;
        registered.client.token().expect("a login").to_owned()
    };
    for token in [
        person.token_with(json!({"aud": "somebody-else"})),
        person.token_with(json!({"iss": "https://issuer.example"})),
        person.token_with(json!({"exp": 1_700_000_000})),
        person.token_with(json!({"padding": "x".repeat(20_000)})),
        Provider::start().token(&person.subject, &person.email, json!({})),
        format!("{message}."),
        own,
        "nonsense".to_owned(),
        String::new(),
    ] {
        present(&client, &token).await.problem(401, "invalid_token");
    }
}

async fn a_malformed_request_names_its_field(database: Database) {
    let client = server(database).client().await;
    for body in [json!({}), json!({"id_token": 7}), json!({"id_token": null})] {
        let answer = client.post("/login/oidc").json(&body).await;
        answer.names_fields(&["id_token"]);
    }
}

/// Logs in twenty times at once: all are let in, into one account with twenty sessions.
async fn twenty_at_once(client: &Client, person: &Person) -> Value {
    let token = person.token();
    let entered = join_all((0..20).map(|_| entered(client, &token))).await;
    let made = account(&entered[0]).await;
    for client in &entered {
        assert_eq!(account(client).await, made);
    }
    let sessions = entered[0]
        .get("/user/sessions?limit=100")
        .await
        .expect(200)
        .json();
    assert_eq!(sessions["items"].as_array().map(Vec::len), Some(20));
    made
}

async fn twenty_first_logins_at_once_make_one_account(database: Database) {
    let (client, person) = (server(database).client().await, Person::new());
    let made = twenty_at_once(&client, &person).await;
    assert_eq!(made["username"], person.name.as_str());
}

async fn twenty_first_logins_at_once_link_one_account(database: Database) {
    let (client, person) = (server(database).client().await, Person::new());
    let registration = json!({"username": person.name, "email": person.email, "password": "a fine password"});
    let made = client
        .post("/register")
        .json(&registration)
        .await
        .expect(201)
        .json();
    assert_eq!(twenty_at_once(&client, &person).await["id"], made["id"]);
}

async fn without_a_configured_issuer_it_is_unavailable(database: Database) {
    let client = Server::shared(database).client().await;
    for token in [Person::new().token().as_str(), "nonsense"] {
        present(&client, token).await.problem(503, "unavailable");
    }
}

async fn past_its_limit_an_address_is_refused_with_any_token(database: Database) {
    let options = Options::on(database)
        .setting(SETTING, &PROVIDER.setting())
        .setting("OCELLUS__RATE_LIMITS__LOGIN__PER_NETWORK", "3")
        .setting("OCELLUS__HTTP__TRUSTED_PROXIES", "127.0.0.0/8");
    let server = Server::start(options);
    let (client, person) = (server.client().await, Person::new());
    let present_from = |address: &str, token: &str| {
        let request = client.post("/login/oidc").header("X-Forwarded-For", address);
        request.json(&json!({"id_token": token}))
    };
    let (away, home) = ("198.51.100.7", "192.0.2.1");
    let expired = person.token_with(json!({"exp": 1_700_000_000}));
    let unverified = person.token_with(json!({"email_verified": false}));
    for _ in 0..3 {
        present_from(away, &expired).await.problem(401, "invalid_token");
        // The issuer vouches for who this is: it is no failure.
        let refused = present_from(home, &unverified).await;
        refused.problem(403, "email_not_verified");
    }
    let refused = present_from(away, &person.token()).await;
    refused.problem(429, "too_many_attempts");
    let seconds: u64 = refused.header("Retry-After").parse().expect("seconds");
    assert!((1..=900).contains(&seconds), "{seconds}");
    present_from(home, &person.token()).await.expect(200);
}

#[tokio::test]
async fn the_provider_may_be_out_and_may_change_its_key() {
    let provider = Provider::start();
    provider.go_out(true);
    let server = trusting(Database::Sqlite, &provider);
    let (client, person) = (server.client().await, Person::new());
    let token = || provider.token(&person.subject, &person.email, json!({}));
    present(&client, &token()).await.problem(503, "unavailable");
    provider.go_out(false);
    let limit = Duration::from_mins(2);
    eventually("the provider to be asked again", limit, async || {
        present(&client, &token()).await.status == 200
    })
    .await;
    provider.rotate("second");
    // Where it was asked just now, it is not asked again for half a minute.
    eventually("the new key to be known", limit, async || {
        present(&client, &token()).await.status == 200
    })
    .await;
    // What is known outlasts an outage.
    provider.go_out(true);
    present(&client, &token()).await.expect(200);
}
