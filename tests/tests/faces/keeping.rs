//! What is kept of faces, and how.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use tests::{
    Database, FacePhotos, Options, Server, eventually, on_every_database, on_sqlite, run_program_in,
};

on_every_database!(the_encryption_key_can_be_replaced,);

on_sqlite!(
    nothing_of_a_deleted_user_s_face_is_left,
    photos_are_kept_only_where_that_is_configured_and_go_with_the_face,
);

/// The sweep comes every two seconds.
const PATIENCE: Duration = Duration::from_secs(30);

const MODEL: &str = "dlib_face_recognition_resnet_model_v1";

/// The files with the photos that somebody was enrolled with.
fn kept(server: &Server, photos: &FacePhotos) -> usize {
    let files = photos.of_one();
    server
        .stored_files(|content| files.iter().any(|photo| photo == content))
        .len()
}

async fn nothing_of_a_deleted_user_s_face_is_left(database: Database) {
    let Some(photos) = FacePhotos::fetched() else {
        return;
    };
    let server = Server::start(photos.with_models(Options::on(database)));
    let user = server.user().await;
    user.client.enrol(photos.of_one()).await.expect(200);
    if let Some(rows) = server.database_text() {
        assert!(rows.contains(MODEL), "the row is seen at all");
    }
    assert_eq!(kept(&server, &photos), 0);
    user.client.delete("/user").await.expect(204);
    if let Some(rows) = server.database_text() {
        assert!(!rows.contains(MODEL), "{rows}");
    }
    let refused = user
        .client
        .show_face(Some(&user.name), photos.of_the_same())
        .await;
    refused.problem(401, "invalid_credentials");
}

async fn photos_are_kept_only_where_that_is_configured_and_go_with_the_face(database: Database) {
    let Some(photos) = FacePhotos::fetched() else {
        return;
    };
    let options = photos.with_models(Options::on(database));
    let server = Server::start(options.setting("OCELLUS__FACES__KEEP_PHOTOS", "true"));
    let (user, other) = (server.user().await, server.user().await);
    let gone = async |what: &str| {
        eventually(what, PATIENCE, async || kept(&server, &photos) == 0).await;
    };
    user.client.enrol(photos.of_one()).await.expect(200);
    assert_eq!(kept(&server, &photos), 3);
    user.client.enrol(vec![photos.of_another(); 3]).await.expect(200);
    gone("the photos of the face before to go").await;
    user.client.enrol(photos.of_one()).await.expect(200);
    user.client.delete("/user/face").await.expect(204);
    gone("the photos to go with the face").await;
    other.client.enrol(photos.of_one()).await.expect(200);
    other.client.delete("/user").await.expect(204);
    gone("the photos to go with the user").await;
}

async fn the_encryption_key_can_be_replaced(database: Database) {
    let Some(photos) = FacePhotos::fetched() else {
        return;
    };
    let mut server = Server::start(photos.with_models(Options::on(database)));
    let user = server.user().await;
    user.client.enrol(photos.of_one()).await.expect(200);
    let path = server.folder().join("data/faces.key");
    let mode = std::fs::metadata(&path).expect("a key").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let first = std::fs::read_to_string(&path).expect("a key");
    let show = async |server: &Server| {
        let client = server.client().await;
        client.show_face(Some(&user.name), photos.of_the_same()).await
    };
    let restart = |server: &mut Server, current: &str, previous: &str| {
        std::fs::write(&path, current).expect("written");
        server.kill();
        server.set("OCELLUS__FACES__PREVIOUS_ENCRYPTION_KEYS", previous);
        server.start_again();
    };
    // 32 bytes, as `openssl rand -base64 32` writes them.
    let second = "c2Vjb25kIGtleSBvZiAzMiBieXRlcywgZm9yIGEgdCE=";
    restart(&mut server, second, first.trim());
    show(&server).await.expect(200);
    eventually("everything to be sealed anew", PATIENCE, async || {
        server
            .log()
            .text()
            .contains("embeddings are encrypted with the current key")
    })
    .await;
    restart(&mut server, second, "");
    show(&server).await.expect(200);
    // With neither key the face is as good as none.
    restart(&mut server, &first, "");
    show(&server).await.problem(401, "invalid_credentials");
    assert!(server.log().text().contains("an embedding cannot be decrypted"));
}

#[test]
fn a_worker_has_no_key_of_faces() {
    let folder = tempfile::tempdir().expect("a folder");
    let done = run_program_in(folder.path(), &["worker", "--once"], &[]);
    assert_eq!(done.code, Some(0), "{}", done.errors);
    let data = folder.path().join("data");
    assert!(data.join("ocellus.db").is_file());
    assert!(!data.join("faces.key").exists());
}
