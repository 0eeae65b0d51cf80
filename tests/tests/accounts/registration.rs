//! Registering.

use serde_json::json;
use tests::{Database, Server, on_every_database, on_sqlite, unique_name};

use crate::unique_email;

on_every_database!(
    names_and_addresses_are_taken_whatever_their_case,
    names_are_compared_after_normalisation,
);

on_sqlite!(
    somebody_registers_and_logs_in_by_name_or_by_address,
    a_registration_names_every_bad_field,
    a_registration_with_missing_or_mistyped_fields_names_every_one,
    a_body_that_is_not_json_is_malformed,
    a_body_of_another_type_is_unsupported,
    passwords_of_8_to_128_characters_that_nobody_guesses_are_taken,
);

async fn somebody_registers_and_logs_in_by_name_or_by_address(database: Database) {
    let client = Server::shared(database).client().await;
    let name = unique_name("Ada_");
    let email = format!("{name}@Example.org");
    let password = "an engine that weaves";
    let answer = client
        .post("/register")
        .json(&json!({"username": name, "email": email, "password": password}))
        .await
        .expect(201);
    assert_eq!(answer.header("location"), "/user");
    let user = answer.json();
    assert_eq!(user["username"], name, "shown as given");
    assert_eq!(user["email_verified"], false);
    assert_eq!(user["has_password"], true);
    assert_eq!(user["has_face"], false);
    assert_eq!(user["created_at"], user["updated_at"]);
    assert!(
        user["created_at"]
            .as_str()
            .is_some_and(|time| time.ends_with('Z') || time.ends_with("+00:00")),
        "{user}"
    );
    let id: uuid::Uuid = user["id"].as_str().expect("an id").parse().expect("a UUID");
    assert_eq!(id.get_version_num(), 7);
    for secret in [password, "argon2"] {
        assert!(!answer.text().contains(secret), "{}", answer.text());
    }

    for login in [name.clone(), name.to_uppercase(), email.to_lowercase()] {
        let tokens = client
            .post("/login")
            .json(&json!({"username": login, "password": password}))
            .await
            .expect(200)
            .json();
        assert_eq!(tokens["token_type"], "Bearer");
        assert_eq!(tokens["expires_in"], 900);
        assert!(
            tokens["refresh_token"]
                .as_str()
                .is_some_and(|token| !token.is_empty())
        );
        let token = tokens["access_token"].as_str().expect("a token");
        let own = client.with_token(token).get("/user").await.expect(200).json();
        assert_eq!(own["id"], user["id"]);
    }
}

async fn names_and_addresses_are_taken_whatever_their_case(database: Database) {
    let server = Server::shared(database);
    let first = server.user().await;
    let client = server.client().await;
    let register = |name: String, email: String| {
        client
            .post("/register")
            .json(&json!({"username": name, "email": email, "password": "a fine day outside"}))
    };
    register(first.name.to_uppercase(), unique_email())
        .await
        .problem(409, "username_taken");
    register(unique_name("other"), first.email.to_uppercase())
        .await
        .problem(409, "email_taken");
    register(unique_name("other"), unique_email()).await.expect(201);
}

async fn names_are_compared_after_normalisation(database: Database) {
    let client = Server::shared(database).client().await;
    let base = unique_name("fi");
    let register = |name: String| {
        client
            .post("/register")
            .json(&json!({"username": name, "email": unique_email(), "password": "a fine day outside"}))
    };
    register(format!("Ünal{base}")).await.expect(201);
    // Decomposed, and with the ligature for “fi”: the same name to a reader.
    register(format!("U\u{308}nal{base}"))
        .await
        .problem(409, "username_taken");
    register(format!("ünal{}", base.replace("fi", "\u{fb01}")))
        .await
        .problem(409, "username_taken");
}

async fn a_registration_names_every_bad_field(database: Database) {
    let client = Server::shared(database).client().await;
    for (name, email, password, fields) in [
        ("ab", "nobody", "short", &["username", "email", "password"][..]),
        ("a b c", "a@b@c", "a fine day outside", &["username", "email"]),
        ("", "", "", &["username", "email", "password"]),
        (
            &"n".repeat(65),
            "fine@example.org",
            "a fine day outside",
            &["username"],
        ),
        (
            "fine",
            &format!("{}@example.org", "e".repeat(250)),
            "a fine day outside",
            &["email"],
        ),
        (
            "slash/name",
            "fine@example.org",
            "1234567",
            &["username", "password"],
        ),
        (
            "fine\u{0}name",
            "fine@example.org",
            "a fine day outside",
            &["username"],
        ),
    ] {
        client
            .post("/register")
            .json(&json!({"username": name, "email": email, "password": password}))
            .await
            .names_fields(fields);
    }
}

async fn a_registration_with_missing_or_mistyped_fields_names_every_one(database: Database) {
    let client = Server::shared(database).client().await;
    for (body, fields) in [
        (json!({}), &["username", "email", "password"][..]),
        (json!({"username": "somebody"}), &["email", "password"]),
        (
            json!({"username": 5, "email": ["a@b.org"], "password": null}),
            &["username", "email", "password"],
        ),
        (
            json!({"username": "x", "email": true, "password": "a fine day outside"}),
            &["username", "email"],
        ),
    ] {
        client.post("/register").json(&body).await.names_fields(fields);
    }
    for body in [json!([]), json!("text"), json!(null), json!(7)] {
        client
            .post("/register")
            .json(&body)
            .await
            .problem(400, "invalid_request");
    }
}

async fn a_body_that_is_not_json_is_malformed(database: Database) {
    let user = Server::shared(database).user().await;
    for body in [
        "",
        "{",
        "{\"username\": }",
        "not json",
        "\u{feff}{}x",
        "[[[[",
        "{\"username\":\"\\ud800\"}",
    ] {
        for (method, path) in [("POST", "/register"), ("POST", "/login"), ("PUT", "/user")] {
            let method = method.parse().expect("a method");
            user.client
                .request(method, path)
                .body("application/json", body)
                .await
                .problem(400, "invalid_request");
        }
    }
    user.client
        .post("/register")
        .body("application/json", b"{\"username\":\"\xff\xfe\"}".to_vec())
        .await
        .problem(400, "invalid_request");
}

async fn a_body_of_another_type_is_unsupported(database: Database) {
    let user = Server::shared(database).user().await;
    for (method, path) in [("POST", "/register"), ("POST", "/login"), ("PUT", "/user")] {
        let method: tests::Method = method.parse().expect("a method");
        for kind in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/xml",
        ] {
            user.client
                .request(method.clone(), path)
                .body(kind, "{}")
                .await
                .problem(415, "unsupported_media_type");
        }
        user.client
            .request(method, path)
            .await
            .problem(415, "unsupported_media_type");
    }
    user.client
        .put("/user")
        .body(
            "application/json; charset=utf-8",
            json!({"username": user.name, "email": user.email}).to_string(),
        )
        .await
        .expect(200);
}

async fn passwords_of_8_to_128_characters_that_nobody_guesses_are_taken(database: Database) {
    let client = Server::shared(database).client().await;
    let register = |password: String| {
        let name = unique_name("chooser");
        client
            .post("/register")
            .json(&json!({"username": name, "email": unique_email(), "password": password}))
    };
    let longest: String = ('a'..='z').cycle().step_by(7).take(127).chain(['é']).collect();
    register(longest.clone()).await.expect(201);
    register("пять кош".to_owned()).await.expect(201);
    register(format!("{longest}x")).await.names_fields(&["password"]);
    for common in ["password", "12345678", "qwertyuiop", "iloveyou1"] {
        register(common.to_owned()).await.names_fields(&["password"]);
    }
}
