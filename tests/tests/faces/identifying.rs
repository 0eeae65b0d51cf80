//! Logging in without a name.

use tests::{Database, FacePhotos, Options, Server, on_every_database, on_sqlite};

on_every_database!(a_face_is_known_without_a_name_where_that_is_switched_on,);

on_sqlite!(
    a_face_like_anothers_is_not_enrolled,
    past_the_limit_a_name_is_needed_again,
);

fn identifying(photos: &FacePhotos, database: Database) -> Options {
    let options = photos.with_models(Options::on(database));
    options.setting("OCELLUS__FACES__IDENTIFY", "true")
}

async fn a_face_is_known_without_a_name_where_that_is_switched_on(database: Database) {
    let Some(photos) = FacePhotos::fetched() else {
        return;
    };
    let server = Server::start(identifying(&photos, database));
    let (one, other) = (server.user().await, server.user().await);
    let nobody = one.client.show_face(None, photos.photo("obama2.jpg")).await;
    let nobody = nobody.problem(401, "invalid_credentials");
    one.client.enrol(photos.of_one()).await.expect(200);
    other.client.enrol(vec![photos.of_another(); 3]).await.expect(200);
    for (user, photo) in [(&one, photos.photo("obama2.jpg")), (&other, photos.of_another())] {
        let tokens = user.client.show_face(None, photo).await.expect(200).json();
        let token = tokens["access_token"].as_str().expect("a token");
        let shown = user
            .client
            .with_token(token)
            .get("/user")
            .await
            .expect(200)
            .json();
        assert_eq!(shown["id"], user.id);
    }
    // Gone at once, also from what is held in memory.
    one.client.delete("/user/face").await.expect(204);
    let gone = one.client.show_face(None, photos.photo("obama2.jpg")).await;
    assert_eq!(gone.problem(401, "invalid_credentials"), nobody);
}

async fn a_face_like_anothers_is_not_enrolled(database: Database) {
    let Some(photos) = FacePhotos::fetched() else {
        return;
    };
    let server = Server::start(identifying(&photos, database));
    let (one, other) = (server.user().await, server.user().await);
    one.client.enrol(photos.of_one()).await.expect(200);
    other.client.enrol(photos.of_one()).await.problem(409, "conflict");
    // One's own face is not another's.
    one.client.enrol(photos.of_one()).await.expect(200);
    one.client.delete("/user").await.expect(204);
    other.client.enrol(photos.of_one()).await.expect(200);
}

async fn past_the_limit_a_name_is_needed_again(database: Database) {
    let Some(photos) = FacePhotos::fetched() else {
        return;
    };
    let options = identifying(&photos, database).setting("OCELLUS__FACES__IDENTIFY_LIMIT", "1");
    let server = Server::start(options);
    let (one, other) = (server.user().await, server.user().await);
    one.client.enrol(photos.of_one()).await.expect(200);
    let photo = || photos.photo("obama2.jpg");
    one.client.show_face(None, photo()).await.expect(200);
    other.client.enrol(vec![photos.of_another(); 3]).await.expect(200);
    one.client
        .show_face(None, photo())
        .await
        .names_fields(&["username"]);
    one.client.show_face(Some(&one.name), photo()).await.expect(200);
    other.client.delete("/user").await.expect(204);
    one.client.show_face(None, photo()).await.expect(200);
}
