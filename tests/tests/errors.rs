//! Errors that no operation causes by itself: the framework's, and those of whoever sends nonsense. That they are whole
//! problems, with the headers that belong to them, the client of these tests checks on every answer.

use std::time::Duration;

use serde_json::json;
use tests::{Answer, Database, Method, Options, RawConnection, Server, eventually, on_sqlite};

on_sqlite!(
    an_unknown_path_is_not_found,
    a_wrong_method_tells_the_right_ones,
    a_method_that_nobody_knows_is_not_allowed,
    a_huge_json_body_is_refused,
    unknown_parameters_do_no_harm,
    odd_bytes_in_a_path_do_no_harm,
    nonsense_on_the_wire_ends_only_its_own_connection,
    every_answer_keeps_browsers_from_guessing_framing_and_caching,
    pages_of_allowed_origins_read_problems_too_and_others_are_refused,
);

async fn an_unknown_path_is_not_found(database: Database) {
    let user = Server::shared(database).user().await;
    for path in ["/nowhere", "/user/", "/images/", "/User", "/%20"] {
        for client in [&user.client, &user.client.anonymous()] {
            client.get(path).await.problem(404, "not_found");
        }
    }
}

async fn a_wrong_method_tells_the_right_ones(database: Database) {
    let user = Server::shared(database).user().await;
    let operations = user.client.specification().operations();
    let mut paths: Vec<String> = operations
        .iter()
        .map(|operation| operation.path.clone())
        .collect();
    paths.dedup();
    for path in paths {
        let right: Vec<String> = operations
            .iter()
            .filter(|operation| operation.path == path)
            .map(|operation| operation.method.clone())
            .collect();
        for method in [
            Method::GET,
            Method::PUT,
            Method::POST,
            Method::DELETE,
            Method::PATCH,
        ] {
            if right.contains(&method.to_string()) {
                continue;
            }
            let address = path.replace("{id}", "0190b0a0-0000-7000-8000-000000000000");
            let answer = user.client.request(method, &address).await;
            answer.problem(405, "method_not_allowed");
            let told = answer.header("allow");
            for method in &right {
                assert!(
                    told.contains(method.as_str()),
                    "{answer}: {method} is not in {told}"
                );
            }
        }
    }
}

async fn a_method_that_nobody_knows_is_not_allowed(database: Database) {
    let client = Server::shared(database).client().await;
    let method = Method::from_bytes(b"BREW").expect("a token");
    client
        .request(method, "/register")
        .await
        .problem(405, "method_not_allowed");
}

async fn a_huge_json_body_is_refused(database: Database) {
    let client = Server::shared(database).client().await;
    let body = format!("{{\"username\": \"{}\"}}", "x".repeat(30 * 1024 * 1024));
    for path in ["/register", "/login"] {
        // Cut off in the middle, the client may see its own write fail before the answer.
        let attempt = client
            .post(path)
            .body("application/json", body.clone())
            .attempt()
            .await;
        if let Ok(answer) = attempt {
            assert_eq!(answer.status, 413, "{answer}: {}", answer.text());
        }
    }
    client.get("/health/live").await.expect(200);
}

async fn unknown_parameters_do_no_harm(database: Database) {
    let user = Server::shared(database).user().await;
    user.client.get("/user?debug=true&x[]=1&x[]=2").await.expect(200);
    user.client.get("/images?unknown=%F0%9F%90%9B").await.expect(200);
}

async fn odd_bytes_in_a_path_do_no_harm(database: Database) {
    let user = Server::shared(database).user().await;
    for path in [
        "/images/%ff%fe",
        "/images/..%2f..%2fuser",
        "/%00",
        "/images/a%2fb",
        "/images/%F0%9F%90%9B",
    ] {
        user.client.get(path).await.problem(404, "not_found");
    }
    let answer = user.client.get("/images?cursor=%ff").await;
    assert!(answer.status < 500, "{answer}");
    let answer = user.client.get("/images?limit=%F0").await;
    assert!(answer.status < 500, "{answer}");
}

async fn nonsense_on_the_wire_ends_only_its_own_connection(database: Database) {
    let server = Server::shared(database);
    for bytes in [
        &b"\0\0\0\0"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
    ] {
        let mut connection = RawConnection::open(server.address()).expect("a connection");
        // The server may close before everything is written.
        let _ = connection.write(bytes);
        connection.abort();
    }
    let status = RawConnection::status_of(server.address(), "/health/live");
    assert_eq!(status, Some(200));
}

fn is_guarded(answer: &Answer) {
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{answer}");
    assert_eq!(answer.header("referrer-policy"), "no-referrer", "{answer}");
    let policy = answer.header("content-security-policy");
    for directive in [
        "default-src",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
    ] {
        assert!(policy.contains(directive), "{answer}: {policy}");
    }
    assert!(!answer.header("x-request-id").is_empty(), "{answer}");
}

async fn every_answer_keeps_browsers_from_guessing_framing_and_caching(database: Database) {
    let user = Server::shared(database).user().await;
    for (client, path, status) in [
        (&user.client, "/user", 200),
        (&user.client.anonymous(), "/user", 401),
        (&user.client, "/nowhere", 404),
    ] {
        let answer = client.get(path).await.expect(status);
        is_guarded(&answer);
        assert_eq!(answer.header("cache-control"), "no-store", "{answer}");
    }
}

async fn pages_of_allowed_origins_read_problems_too_and_others_are_refused(database: Database) {
    let here = "https://eyes.example";
    let server = Server::start(Options::on(database).setting("OCELLUS__HTTP__ALLOWED_ORIGINS", here));
    let client = server.client().await;
    let body = json!({"username": "nobody", "password": "not the password"});
    let from = |origin: &str| client.post("/login").header("Origin", origin).json(&body);
    let answer = from(here).await;
    answer.problem(401, "invalid_credentials");
    assert_eq!(answer.header("access-control-allow-origin"), here);
    is_guarded(&answer);
    let answer = from("https://elsewhere.example").await;
    answer.problem(403, "forbidden");
    is_guarded(&answer);
    eventually("the refusal in the log", Duration::from_secs(10), async || {
        server.log().text().contains("\"status\":403")
    })
    .await;
}
