//! Configuration and the commands of the program.

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};
use tests::{Database, Options, Server, bundled_image, run_program, run_program_in, unique_name};

/// What the program ends with when it cannot be started as it is configured.
const MISCONFIGURED: Option<i32> = Some(2);

#[test]
fn every_mistake_is_named_at_once() {
    let done = run_program(
        &["serve"],
        &[
            ("OCELLUS__HTTP__PORT", "eighty"),
            ("OCELLUS__HTTP__MAX_UPLOAD_BYTES", "many"),
            ("OCELLUS__AUTH__ACCESS_TOKEN_TTL", "a while"),
            ("OCELLUS__OCR__MAX_PAGES", "-1"),
            ("OCELLUS__DATABASE__URL", "mailto:somebody"),
            ("OCELLUS__STORAGE__URL", "ftp://somewhere"),
            ("OCELLUS__HTTP__PROT", "80"),
            ("OCELLUS__NOBODY__KNOWS", "this"),
        ],
    );
    assert_eq!(done.code, MISCONFIGURED, "{}", done.errors);
    for key in [
        "http.port",
        "http.max_upload_bytes",
        "auth.access_token_ttl",
        "ocr.max_pages",
        "database.url",
        "storage.url",
        "http.prot",
        "nobody.knows",
    ] {
        assert!(done.errors.contains(key), "{key} is not named in {}", done.errors);
    }
    assert!(!done.errors.contains("panicked"), "{}", done.errors);
}

#[test]
fn an_unknown_key_in_the_file_is_a_mistake() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("ocellus.toml"), "[http]\nprot = 80\n").expect("a file");
    let done = run_program_in(folder.path(), &["serve"], &[]);
    assert_eq!(done.code, MISCONFIGURED);
    assert!(done.errors.contains("http.prot"), "{}", done.errors);
}

#[test]
fn a_file_that_is_not_there_or_no_toml_is_a_mistake() {
    let folder = tempfile::tempdir().expect("a folder");
    let done = run_program_in(folder.path(), &["serve", "--config", "nowhere.toml"], &[]);
    assert_eq!(done.code, MISCONFIGURED);
    assert!(done.errors.contains("nowhere.toml"), "{}", done.errors);
    std::fs::write(folder.path().join("broken.toml"), "http = [").expect("a file");
    let done = run_program_in(folder.path(), &["serve", "--config", "broken.toml"], &[]);
    assert_eq!(done.code, MISCONFIGURED);
    assert!(done.errors.contains("broken.toml"), "{}", done.errors);
}

#[test]
fn a_language_that_is_not_installed_stops_the_start() {
    let done = run_program(
        &["serve"],
        &[
            ("OCELLUS__HTTP__PORT", "0"),
            ("OCELLUS__OCR__LANGUAGES", "eng,zzz"),
        ],
    );
    assert_eq!(done.code, MISCONFIGURED, "{}", done.errors);
    assert!(
        done.errors.contains("ocr.languages") && done.errors.contains("zzz"),
        "{}",
        done.errors
    );
}

#[test]
fn no_mistake_shows_a_secret() {
    let done = run_program(
        &["serve"],
        &[
            ("OCELLUS__HTTP__PORT", "none"),
            (
                "OCELLUS__DATABASE__URL",
                "postgres://somebody:canary@127.0.0.1:1/nothing",
            ),
            ("OCELLUS__AUTH__SIGNING_KEY", "canary"),
        ],
    );
    assert_eq!(done.code, MISCONFIGURED);
    let done_later = run_program(
        &["serve"],
        &[
            ("OCELLUS__HTTP__PORT", "0"),
            (
                "OCELLUS__DATABASE__URL",
                "postgres://somebody:canary@127.0.0.1:1/nothing",
            ),
        ],
    );
    assert_ne!(done_later.code, Some(0), "there is no such database");
    for text in [
        done.errors,
        done.output,
        done_later.errors.clone(),
        done_later.output,
    ] {
        assert!(!text.contains("canary"), "{text}");
    }
    assert!(
        done_later.errors.contains("database.url"),
        "{}",
        done_later.errors
    );
}

#[tokio::test]
async fn the_environment_wins_over_the_file_that_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("mine.toml");
    std::fs::write(
        &file,
        "[http]\nmax_upload_bytes = \"1MiB\"\n[auth]\naccess_token_ttl = \"2m\"\n[ocr]\nmax_pages = 3\n",
    )
    .expect("a file");
    let secret = folder.path().join("token");
    std::fs::write(&secret, "a scraper's token\n").expect("a file");
    let server = Server::start(
        Options::on(Database::Sqlite)
            .argument("--config")
            .argument(&file.to_string_lossy())
            .setting("OCELLUS__AUTH__ACCESS_TOKEN_TTL", "7m")
            .setting(
                "OCELLUS__OPERATIONS__METRICS_TOKEN_FILE",
                &secret.to_string_lossy(),
            ),
    );
    let user = server.user().await;
    let tokens = user
        .client
        .anonymous()
        .post("/login")
        .json(&json!({"username": user.name, "password": user.password}))
        .await
        .expect(200)
        .json();
    assert_eq!(tokens["expires_in"], 7 * 60, "the environment wins");
    let mut large = tests::picture(1, 8, 8);
    large.resize(1024 * 1024 + 1, 0);
    user.client.upload(large).await.problem(413, "image_too_large");
    user.client
        .upload(tests::tiff_of_pages(4))
        .await
        .problem(422, "too_many_pages");
    user.client
        .anonymous()
        .get("/metrics")
        .await
        .problem(401, "unauthenticated");
    user.client
        .with_token("a scraper's token")
        .get("/metrics")
        .await
        .expect(200);
}

#[tokio::test]
async fn a_user_may_store_as_much_as_is_configured() {
    let server =
        Server::start(Options::on(Database::Sqlite).setting("OCELLUS__LIMITS__IMAGES_PER_USER", "2"));
    let (user, other) = (server.user().await, server.user().await);
    let first = user.client.uploaded(tests::picture(1, 8, 8)).await;
    user.client.uploaded(tests::picture(2, 8, 8)).await;
    user.client
        .upload(tests::picture(3, 8, 8))
        .await
        .problem(429, "quota_exceeded");
    other.client.uploaded(tests::picture(3, 8, 8)).await;
    user.client.delete(&format!("/images/{first}")).await.expect(204);
    user.client.uploaded(tests::picture(3, 8, 8)).await;
}

#[tokio::test]
async fn the_program_prints_the_specification_that_it_serves() {
    let done = run_program(&["openapi"], &[]);
    assert_eq!(done.code, Some(0), "{}", done.errors);
    let printed: Value = serde_json::from_str(&done.output).expect("JSON");
    let client = Server::shared(Database::Sqlite).client().await;
    assert_eq!(printed, client.specification().document);
}

#[test]
fn health_tells_by_its_exit_whether_a_server_is_ready() {
    let server = Server::shared(Database::Sqlite);
    let port = server.address().port().to_string();
    let done = run_program(&["health"], &[("OCELLUS__HTTP__PORT", &port)]);
    assert_eq!(done.code, Some(0), "{}", done.errors);
    // Port 1 is nobody's.
    let done = run_program(&["health"], &[("OCELLUS__HTTP__PORT", "1")]);
    assert_eq!(done.code, Some(1), "{}", done.errors);
}

#[test]
fn migrating_alone_ends_and_may_be_repeated() {
    let folder = tempfile::tempdir().expect("a folder");
    for _ in 0..2 {
        let done = run_program_in(folder.path(), &["migrate"], &[]);
        assert_eq!(done.code, Some(0), "{}", done.errors);
    }
    assert!(folder.path().join("data/ocellus.db").is_file());
}

#[test]
fn help_and_version_are_told_and_nonsense_is_not_taken() {
    let help = run_program(&["--help"], &[]);
    assert_eq!(help.code, Some(0));
    for command in ["serve", "migrate", "openapi", "health"] {
        assert!(help.output.contains(command), "{}", help.output);
    }
    assert_eq!(run_program(&["--version"], &[]).code, Some(0));
    assert_eq!(run_program(&["juggle"], &[]).code, MISCONFIGURED);
}

#[test]
fn the_signing_key_is_its_owners_alone_and_stays() {
    let mut server = Server::start(Options::on(Database::Sqlite));
    let keys: Vec<_> = server
        .stored_files(|content| content.starts_with(b"-----BEGIN PRIVATE KEY-----"))
        .into_iter()
        .map(|path| {
            let mode = std::fs::metadata(&path).expect("a file").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", path.display());
            (path.clone(), std::fs::read(path).expect("a file"))
        })
        .collect();
    assert_eq!(keys.len(), 1, "one key is generated");
    server.kill();
    server.start_again();
    assert_eq!(std::fs::read(&keys[0].0).expect("a file"), keys[0].1);
}

#[tokio::test]
async fn no_line_of_the_log_holds_a_secret() {
    let server = Server::start(Options::on(Database::Postgres));
    let client = server.client().await;
    let name = unique_name("careful");
    let password = "canary-password-of-a-user";
    let email = format!("{name}@example.org");
    client
        .post("/register")
        .json(&json!({"username": name, "email": email, "password": password}))
        .await
        .expect(201);
    client
        .post("/register")
        .json(&json!({"username": name, "email": email, "password": password}))
        .await
        .expect(409);
    client
        .post("/register")
        .json(&json!({"username": "x", "email": "x", "password": format!("{password}\u{0}")}))
        .await
        .expect(400);
    client
        .post("/login")
        .json(&json!({"username": name, "password": format!("{password}-wrong")}))
        .await
        .expect(401);
    client
        .post("/login")
        .body(
            "application/json",
            format!("{{\"username\": 1, \"password\": \"{password}\" oops"),
        )
        .await
        .expect(400);
    let tokens = client
        .post("/login")
        .json(&json!({"username": name, "password": password}))
        .await
        .expect(200)
        .json();
    let token = tokens["access_token"].as_str().expect("a token");
    let own = client.with_token(token);
    let id = own.uploaded(bundled_image("hello.png")).await;
    own.get(&format!("/images/{id}/text")).await.expect(200);
    own.get(&format!("/user?access_token={token}")).await.expect(200);
    client
        .get("/user")
        .header("authorization", &format!("Bearer {token}tampered"))
        .await
        .expect(401);
    own.delete("/user").await.expect(204);

    let log = server.log().text();
    assert!(log.contains("listening"), "there is a log at all");
    let refresh = tokens["refresh_token"].as_str().expect("a token");
    let signature = token.rsplit('.').next().expect("a signature");
    for secret in [
        password,
        token,
        signature,
        refresh,
        "argon2id",
        "ocellus_test:ocellus_test",
    ] {
        assert!(!log.contains(secret), "“{secret}” is in the log");
    }
    for line in server.log().lines() {
        let entry = serde_json::from_str::<Value>(&line);
        assert!(
            entry.is_ok_and(|entry| entry["level"].is_string()),
            "not a structured line: {line}"
        );
    }
}
