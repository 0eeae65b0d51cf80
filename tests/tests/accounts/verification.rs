//! Showing that an e-mail is one's own.

use serde_json::{Value, json};
use tests::{Client, Database, Options, Server, on_every_database, on_sqlite, unique_name};

use crate::{another_code, unique_email};

on_every_database!(a_mailed_code_verifies_the_address_once,);

on_sqlite!(
    a_code_can_be_tried_five_times_and_another_asked_for,
    nothing_tells_whether_an_address_is_known,
    a_malformed_request_names_every_bad_field,
    a_changed_address_is_verified_anew_and_its_old_code_is_void,
    mails_are_written_in_the_language_of_the_request,
    a_login_may_demand_a_verified_address,
);

async fn registered(client: &Client) -> (String, String) {
    let (name, email) = (unique_name("verified"), unique_email());
    client
        .post("/register")
        .json(&json!({"username": name, "email": email, "password": "an engine that weaves"}))
        .await
        .expect(201);
    (name, email)
}

fn verification(email: &str, code: &str) -> Value {
    json!({"email": email, "code": code})
}

async fn a_mailed_code_verifies_the_address_once(database: Database) {
    let server = Server::shared(database);
    let user = server.user().await;
    let mail = server.mail_to(&user.email, 1).await;
    assert_eq!(mail.subject, "Ocellus: confirm your e-mail address");
    assert!(mail.text.contains(&user.name), "{}", mail.text);
    let verified = async || user.client.get("/user").await.expect(200).json()["email_verified"].clone();
    assert_eq!(verified().await, false);
    let client = user.client.anonymous();
    let body = verification(&user.email.to_uppercase(), &mail.code());
    let answer = client.post("/email/verify").json(&body).await.expect(204);
    assert!(answer.body.is_empty());
    assert_eq!(verified().await, true);
    client
        .post("/email/verify")
        .json(&body)
        .await
        .problem(401, "invalid_token");
    assert_eq!(verified().await, true);
}

async fn a_code_can_be_tried_five_times_and_another_asked_for(database: Database) {
    let server = Server::shared(database);
    let client = server.client().await;
    let (_, email) = registered(&client).await;
    let code = server.mail_to(&email, 1).await.code();
    let verify = |code: &str| client.post("/email/verify").json(&verification(&email, code));
    for _ in 0..5 {
        verify(&another_code(&code)).await.problem(401, "invalid_token");
    }
    verify(&code).await.problem(401, "invalid_token");
    let again = client.post("/email/verify/resend").json(&json!({"email": email}));
    assert!(again.await.expect(202).body.is_empty());
    let latest = server.mail_to(&email, 2).await.code();
    verify(&code).await.problem(401, "invalid_token");
    verify(&latest).await.expect(204);
}

async fn nothing_tells_whether_an_address_is_known(database: Database) {
    let server = Server::shared(database);
    let client = server.client().await;
    let (verified, unverified) = (server.user().await, server.user().await);
    let code = server.mail_to(&verified.email, 1).await.code();
    let body = verification(&verified.email, &code);
    client.post("/email/verify").json(&body).await.expect(204);
    let wrong = another_code(&server.mail_to(&unverified.email, 1).await.code());

    let mut answers = Vec::new();
    for email in [&verified.email, &unverified.email, "nobody.at.all@example.org"] {
        let again = client.post("/email/verify/resend").json(&json!({"email": email}));
        let again = again.await.expect(202);
        let refused = client.post("/email/verify").json(&verification(email, &wrong));
        answers.push((again.body, refused.await.problem(401, "invalid_token")));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
    server.mail_to(&unverified.email, 2).await;
    // There was nothing to verify any more.
    let forgot = client
        .post("/password/forgot")
        .json(&json!({"email": verified.email}));
    forgot.await.expect(202);
    let mail = server.mail_to(&verified.email, 2).await;
    assert_eq!(mail.subject, "Ocellus: choose a new password");
    assert!(server.log().mails_to("nobody.at.all@example.org").is_empty());
}

async fn a_malformed_request_names_every_bad_field(database: Database) {
    let server = Server::shared(database);
    let user = server.user().await;
    let client = user.client.anonymous();
    for (body, fields) in [
        (json!({}), &["email", "code"][..]),
        (json!({"email": "nobody", "code": "1234567"}), &["email", "code"]),
        (json!({"email": user.email, "code": 12_345_678}), &["code"]),
        (json!({"email": user.email, "code": "1234567a"}), &["code"]),
        (json!({"email": user.email, "code": "١٢٣٤٥٦٧٨"}), &["code"]),
        (
            json!({"email": "nobody.at.all@example.org", "code": "123456789"}),
            &["code"],
        ),
    ] {
        let answer = client.post("/email/verify").json(&body).await;
        answer.names_fields(fields);
    }
    for path in ["/email/verify/resend", "/password/forgot"] {
        for body in [
            json!({}),
            json!({"email": 1}),
            json!({"email": "a b@example.org"}),
        ] {
            client.post(path).json(&body).await.names_fields(&["email"]);
        }
    }
}

async fn a_changed_address_is_verified_anew_and_its_old_code_is_void(database: Database) {
    let server = Server::shared(database);
    let user = server.user().await;
    let old = server.mail_to(&user.email, 1).await.code();
    let email = unique_email();
    let change = |email: &str| {
        let body = json!({"username": user.name, "email": email});
        user.client.put("/user").json(&body)
    };
    change(&email).await.expect(200);
    let client = user.client.anonymous();
    for address in [&user.email, &email] {
        let verify = client.post("/email/verify").json(&verification(address, &old));
        verify.await.problem(401, "invalid_token");
    }
    let code = server.mail_to(&email, 1).await.code();
    let verify = client.post("/email/verify").json(&verification(&email, &code));
    verify.await.expect(204);
    // The same address in another case is no other.
    let same = change(&email.to_uppercase()).await.expect(200).json();
    assert_eq!(same["email_verified"], true);
    let back = change(&user.email).await.expect(200).json();
    assert_eq!(back["email_verified"], false);
    server.mail_to(&user.email, 2).await;
    assert!(server.log().mails_to(&email.to_uppercase()).is_empty());
}

async fn mails_are_written_in_the_language_of_the_request(database: Database) {
    let server = Server::shared(database);
    let client = server.client().await;
    let (name, email) = (unique_name("lengua"), unique_email());
    let spanish = "fr, es-MX;q=0.9, en;q=0.5";
    client
        .post("/register")
        .header("accept-language", spanish)
        .json(&json!({"username": name, "email": email, "password": "an engine that weaves"}))
        .await
        .expect(201);
    let mail = server.mail_to(&email, 1).await;
    assert_eq!(mail.subject, "Ocellus: confirma tu dirección de correo");
    for (count, path, language, subject) in [
        (
            2,
            "/email/verify/resend",
            "en",
            "Ocellus: confirm your e-mail address",
        ),
        (
            3,
            "/password/forgot",
            spanish,
            "Ocellus: elige una contraseña nueva",
        ),
        (4, "/password/forgot", "\u{f1}", "Ocellus: choose a new password"),
    ] {
        let wish = client.post(path).header("accept-language", language);
        wish.json(&json!({"email": email})).await.expect(202);
        assert_eq!(server.mail_to(&email, count).await.subject, subject);
    }
}

async fn a_login_may_demand_a_verified_address(database: Database) {
    let options = Options::on(database).setting("OCELLUS__AUTH__REQUIRE_VERIFIED_EMAIL", "true");
    let server = Server::start(options);
    let client = server.client().await;
    let (name, email) = registered(&client).await;
    let login = |password: &str| {
        let body = json!({"username": name, "password": password});
        client.post("/login").json(&body)
    };
    login("another engine").await.problem(401, "invalid_credentials");
    login("an engine that weaves")
        .await
        .problem(403, "email_not_verified");
    let code = server.mail_to(&email, 1).await.code();
    let verify = client.post("/email/verify").json(&verification(&email, &code));
    verify.await.expect(204);
    login("an engine that weaves").await.expect(200);
}
