//! Recovering from a forgotten password.

use serde_json::{Value, json};
use tests::{Client, Database, Server, User, on_every_database, on_sqlite};

use crate::{another_code, unique_email};

const NEW: &str = "quite another long walk";

on_every_database!(
    a_forgotten_password_is_replaced_and_every_session_ends,
    a_code_can_be_guessed_five_times_even_at_once,
    of_two_who_use_a_code_at_once_one_wins,
);

on_sqlite!(
    forgetting_and_resetting_do_not_tell_whether_an_address_is_known,
    only_the_latest_code_counts_and_only_for_its_purpose,
    a_refused_password_costs_no_attempt,
    a_changed_password_or_address_withdraws_the_code,
    a_malformed_reset_names_every_bad_field,
);

async fn forget(client: &Client, email: &str) {
    let wish = client.post("/password/forgot").json(&json!({"email": email}));
    assert!(wish.await.expect(202).body.is_empty());
}

/// Asks for a code and waits for it; the first mail is that of the registration.
async fn recovery_code(server: &Server, user: &User) -> String {
    let before = server.mail_to(&user.email, 1).await;
    forget(&user.client.anonymous(), &user.email).await;
    let mail = server.mail_to(&user.email, 2).await;
    assert_ne!(mail.subject, before.subject);
    mail.code()
}

fn body(email: &str, code: &str, password: &str) -> Value {
    json!({"email": email, "code": code, "new_password": password})
}

async fn a_forgotten_password_is_replaced_and_every_session_ends(database: Database) {
    let server = Server::shared(database);
    let user = server.user().await;
    let client = user.client.anonymous();
    let login = |password: &str| {
        let body = json!({"username": user.name, "password": password});
        client.post("/login").json(&body)
    };
    let tokens = login(&user.password).await.expect(200).json();
    server.mail_to(&user.email, 1).await;
    forget(&client, &user.email.to_uppercase()).await;
    let mail = server.mail_to(&user.email, 2).await;
    assert_eq!(mail.subject, "Ocellus: choose a new password");
    let reset = body(&user.email.to_uppercase(), &mail.code(), NEW);
    let answer = client.post("/password/reset").json(&reset).await.expect(204);
    assert!(answer.body.is_empty(), "nobody is logged in by it");

    user.client.get("/user").await.problem(401, "unauthenticated");
    client
        .post("/token/refresh")
        .json(&json!({"refresh_token": tokens["refresh_token"]}))
        .await
        .problem(401, "invalid_token");
    login(&user.password).await.problem(401, "invalid_credentials");
    let again = body(&user.email, &mail.code(), "a third long walk");
    client
        .post("/password/reset")
        .json(&again)
        .await
        .problem(401, "invalid_token");
    let token = client.log_in(&user.name, NEW).await;
    let own = client.with_token(&token).get("/user").await.expect(200).json();
    assert_eq!(own["email_verified"], true, "the code came by mail");
}

async fn forgetting_and_resetting_do_not_tell_whether_an_address_is_known(database: Database) {
    let server = Server::shared(database);
    let (user, other) = (server.user().await, server.user().await);
    let client = user.client.anonymous();
    let code = recovery_code(server, &user).await;
    let mut answers = Vec::new();
    // With a code, without one, and unknown.
    for email in [&user.email, &other.email, "nobody.at.all@example.org"] {
        let reset = body(email, &another_code(&code), NEW);
        let refused = client.post("/password/reset").json(&reset).await;
        answers.push(refused.problem(401, "invalid_token"));
    }
    // A common password is not spoken of before the code is right.
    let reset = body("nobody.at.all@example.org", &code, "password");
    let refused = client.post("/password/reset").json(&reset).await;
    answers.push(refused.problem(401, "invalid_token"));
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
    forget(&client, "nobody.at.all@example.org").await;
}

async fn a_code_can_be_guessed_five_times_even_at_once(database: Database) {
    let server = Server::shared(database);
    let user = server.user().await;
    let client = user.client.anonymous();
    let code = recovery_code(server, &user).await;
    let guesses = (0..8).map(|_| {
        let guess = body(&user.email, &another_code(&code), NEW);
        let request = client.post("/password/reset").json(&guess);
        tokio::spawn(async move { request.await.problem(401, "invalid_token") })
    });
    for guess in guesses.collect::<Vec<_>>() {
        guess.await.expect("a refusal");
    }
    let right = body(&user.email, &code, NEW);
    client
        .post("/password/reset")
        .json(&right)
        .await
        .problem(401, "invalid_token");
    client.log_in(&user.name, &user.password).await;
}

async fn of_two_who_use_a_code_at_once_one_wins(database: Database) {
    let server = Server::shared(database);
    let user = server.user().await;
    let client = user.client.anonymous();
    let code = recovery_code(server, &user).await;
    let passwords = ["quite another long walk", "yet another long walk"];
    let resets = passwords.map(|password| {
        let reset = body(&user.email, &code, password);
        let request = client.post("/password/reset").json(&reset);
        tokio::spawn(async move { request.await.status })
    });
    let mut statuses = Vec::new();
    for reset in resets {
        statuses.push(reset.await.expect("an answer"));
    }
    let winner = statuses.iter().position(|status| *status == 204);
    client
        .log_in(&user.name, passwords[winner.expect("one wins")])
        .await;
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 401]);
}

async fn only_the_latest_code_counts_and_only_for_its_purpose(database: Database) {
    let server = Server::shared(database);
    let user = server.user().await;
    let client = user.client.anonymous();
    let verification = server.mail_to(&user.email, 1).await.code();
    let first = recovery_code(server, &user).await;
    forget(&client, &user.email).await;
    let second = server.mail_to(&user.email, 3).await.code();
    for code in [&verification, &first] {
        let reset = body(&user.email, code, NEW);
        let refused = client.post("/password/reset").json(&reset).await;
        refused.problem(401, "invalid_token");
    }
    let verify = json!({"email": user.email, "code": second});
    let refused = client.post("/email/verify").json(&verify).await;
    refused.problem(401, "invalid_token");
    let reset = body(&user.email, &second, NEW);
    client.post("/password/reset").json(&reset).await.expect(204);
}

async fn a_refused_password_costs_no_attempt(database: Database) {
    let server = Server::shared(database);
    let user = server.user().await;
    let client = user.client.anonymous();
    let code = recovery_code(server, &user).await;
    let reset = |password: &str| {
        let body = body(&user.email, &code, password);
        client.post("/password/reset").json(&body)
    };
    for password in [
        "password1",
        "12345678",
        "qwertyuiop",
        &user.name,
        &user.email,
        "iloveyou",
    ] {
        reset(password).await.names_fields(&["new_password"]);
    }
    reset(NEW).await.expect(204);
}

async fn a_changed_password_or_address_withdraws_the_code(database: Database) {
    let server = Server::shared(database);
    let (changer, mover) = (server.user().await, server.user().await);
    let code = recovery_code(server, &changer).await;
    changer
        .client
        .put("/user/password")
        .json(&json!({"current_password": changer.password, "new_password": NEW}))
        .await
        .expect(204);
    let client = changer.client.anonymous();
    let reset = body(&changer.email, &code, "yet another long walk");
    let refused = client.post("/password/reset").json(&reset).await;
    refused.problem(401, "invalid_token");

    let code = recovery_code(server, &mover).await;
    let email = unique_email();
    let change = json!({"username": mover.name, "email": email});
    mover.client.put("/user").json(&change).await.expect(200);
    for address in [&mover.email, &email] {
        let reset = body(address, &code, NEW);
        let refused = client.post("/password/reset").json(&reset).await;
        refused.problem(401, "invalid_token");
    }
}

async fn a_malformed_reset_names_every_bad_field(database: Database) {
    let client = Server::shared(database).client().await;
    let email = "nobody.at.all@example.org";
    for (body, fields) in [
        (json!({}), &["email", "code", "new_password"][..]),
        (
            json!({"email": "nobody", "code": "1234567", "new_password": "short"}),
            &["email", "code", "new_password"],
        ),
        (
            json!({"email": email, "code": 12_345_678, "new_password": NEW}),
            &["code"],
        ),
        (
            json!({"email": email, "code": "12345678", "new_password": "x".repeat(129)}),
            &["new_password"],
        ),
    ] {
        let answer = client.post("/password/reset").json(&body).await;
        answer.names_fields(fields);
    }
}
