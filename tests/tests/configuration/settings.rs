//! What settings change.

use serde_json::json;
use tests::{Database, Options, Server, picture, tiff_of_pages};

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
    let mut large = picture(1, 8, 8);
    large.resize(1024 * 1024 + 1, 0);
    user.client.upload(large).await.problem(413, "image_too_large");
    user.client
        .upload(tiff_of_pages(4))
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
        Server::start(Options::on(Database::Sqlite).setting("OCELLUS__QUOTAS__IMAGES_PER_USER", "2"));
    let (user, other) = (server.user().await, server.user().await);
    let first = user.client.uploaded(picture(1, 8, 8)).await;
    user.client.uploaded(picture(2, 8, 8)).await;
    user.client
        .upload(picture(3, 8, 8))
        .await
        .problem(429, "quota_exceeded");
    other.client.uploaded(picture(3, 8, 8)).await;
    user.client.delete(&format!("/images/{first}")).await.expect(204);
    user.client.uploaded(picture(3, 8, 8)).await;
}
