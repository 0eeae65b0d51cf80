//! Operations: health, metrics, keys, documentation.

use serde_json::Value;
use tests::{Database, Server, on_every_database, on_sqlite, picture};

on_every_database!(a_running_server_is_alive_and_ready_in_every_part,);

on_sqlite!(
    metrics_count_requests_by_operation_and_status,
    tokens_are_signed_by_the_published_key,
    the_documentation_is_served_whole,
    the_specification_is_served,
    every_answer_has_a_request_id_of_its_own,
);

async fn a_running_server_is_alive_and_ready_in_every_part(database: Database) {
    let client = Server::shared(database).client().await;
    client.get("/health/live").await.expect(200);
    let ready = client.get("/health/ready").await.expect(200).json();
    assert_eq!(ready["status"], "ok", "{ready}");
    for part in ["database", "storage", "ocr"] {
        assert_eq!(ready["checks"][part]["status"], "ok", "{ready}");
    }
    let checks = ready["checks"].as_object().expect("an object of checks");
    for (part, check) in checks {
        let status = check["status"].as_str().expect("a status");
        assert!(
            ["ok", "disabled"].contains(&status),
            "{part} of a healthy server is {status}"
        );
    }
}

async fn metrics_count_requests_by_operation_and_status(database: Database) {
    let server = Server::shared(database);
    let user = server.user().await;
    let metrics = user.client.anonymous().get("/metrics").await.expect(200);
    assert!(metrics.header("content-type").starts_with("text/plain"));
    let id = user.client.uploaded(picture(1, 12, 12)).await;
    user.client.get(&format!("/images/{id}")).await.expect(200);
    let text = user.client.anonymous().get("/metrics").await.expect(200).text();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        assert!(
            !line.contains(&id) && !line.contains(&user.name),
            "a label that grows without end: {line}"
        );
    }
    let counted = |status: &str| {
        text.lines()
            .any(|line| line.starts_with("ocellus_") && line.contains(&format!("\"{status}\"")))
    };
    assert!(counted("200") && counted("201"), "requests by status: {text}");
    assert!(
        text.lines()
            .any(|line| line.starts_with("# TYPE ocellus_") && line.ends_with(" histogram")),
        "durations are histograms: {text}"
    );
}

async fn tokens_are_signed_by_the_published_key(database: Database) {
    let user = Server::shared(database).user().await;
    let keys = user
        .client
        .anonymous()
        .get("/.well-known/jwks.json")
        .await
        .expect(200)
        .json();
    let token = user.client.token().expect("a login");
    let parts: Vec<&str> = token.split('.').collect();
    assert_eq!(parts.len(), 3);
    let header = decoded(parts[0]);
    assert_eq!(header["alg"], "EdDSA");
    assert_eq!(header["typ"], "at+jwt");
    let key = keys["keys"]
        .as_array()
        .expect("a list of keys")
        .iter()
        .find(|key| key["kid"] == header["kid"])
        .unwrap_or_else(|| panic!("no key {} in {keys}", header["kid"]));
    assert_eq!(
        (&key["kty"], &key["crv"]),
        (&Value::from("OKP"), &Value::from("Ed25519"))
    );
    assert!(key["x"].as_str().is_some_and(|point| point.len() == 43), "{key}");
    assert!(key.get("d").is_none(), "the private half is not public: {key}");
    let claims = decoded(parts[1]);
    assert_eq!(claims["sub"], user.id);
    for claim in ["iss", "aud", "exp", "iat", "jti", "sid"] {
        assert!(!claims[claim].is_null(), "no {claim} in {claims}");
    }
    let lifetime = claims["exp"].as_i64().expect("a time") - claims["iat"].as_i64().expect("a time");
    assert_eq!(lifetime, 900);
}

async fn the_documentation_is_served_whole(database: Database) {
    let client = Server::shared(database).client().await;
    let page = client.get("/docs").await.expect(200);
    assert!(page.header("content-type").starts_with("text/html"));
    let text = page.text();
    for tag in text.split('<') {
        let loads = tag.starts_with("script") || tag.starts_with("link") || tag.starts_with("img");
        assert!(
            !loads || !tag.contains("//"),
            "loaded from elsewhere: <{}",
            &tag.chars().take(200).collect::<String>()
        );
    }
}

async fn the_specification_is_served(database: Database) {
    let answer = Server::shared(database)
        .client()
        .await
        .get("/openapi.json")
        .await
        .expect(200);
    assert!(answer.header("content-type").starts_with("application/json"));
    assert!(
        answer.json()["openapi"]
            .as_str()
            .is_some_and(|version| version.starts_with("3."))
    );
}

async fn every_answer_has_a_request_id_of_its_own(database: Database) {
    let client = Server::shared(database).client().await;
    let mut ids = std::collections::HashSet::new();
    for path in [
        "/health/live",
        "/user",
        "/nowhere",
        "/images/x",
        "/docs",
        "/openapi.json",
        "/metrics",
    ] {
        let answer = client.get(path).await;
        assert!(
            ids.insert(answer.header("x-request-id").to_owned()),
            "an id came twice"
        );
    }
}

fn decoded(part: &str) -> Value {
    let bytes = base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, part)
        .expect("base64 without padding");
    serde_json::from_slice(&bytes).expect("JSON")
}
