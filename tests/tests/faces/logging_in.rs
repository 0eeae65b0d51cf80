//! Logging in with a face and a name.

use tests::{Database, FacePhotos, Options, Server, on_sqlite};

on_sqlite!(
    the_enrolled_face_opens_a_session_by_name_and_by_address,
    another_face_an_unknown_name_and_no_enrolment_are_answered_word_for_word_alike,
    a_disabled_user_is_not_let_in,
    too_many_failures_close_the_account_to_strangers,
);

async fn the_enrolled_face_opens_a_session_by_name_and_by_address(database: Database) {
    let Some(photos) = FacePhotos::fetched() else {
        return;
    };
    let server = Server::start(photos.with_models(Options::on(database)));
    let user = server.user().await;
    user.client.enrol(photos.of_one()).await.expect(200);
    for name in [user.name.clone(), user.name.to_uppercase(), user.email.clone()] {
        let tokens = user.client.show_face(Some(&name), photos.of_the_same()).await;
        let tokens = tokens.expect(200).json();
        let fields: Vec<_> = tokens.as_object().expect("an object").keys().collect();
        assert_eq!(
            fields,
            ["access_token", "expires_in", "refresh_token", "token_type"]
        );
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
}

async fn another_face_an_unknown_name_and_no_enrolment_are_answered_word_for_word_alike(database: Database) {
    let Some(photos) = FacePhotos::fetched() else {
        return;
    };
    let server = Server::start(photos.with_models(Options::on(database)));
    let (user, faceless) = (server.user().await, server.user().await);
    user.client.enrol(photos.of_one()).await.expect(200);
    let mut answers = Vec::new();
    for (name, photo) in [
        (user.name.as_str(), photos.of_another()),
        (&faceless.name, photos.of_the_same()),
        ("nobody.at.all", photos.of_the_same()),
        ("not/even a name", photos.of_the_same()),
        ("", photos.of_the_same()),
    ] {
        let refused = user.client.show_face(Some(name), photo).await;
        answers.push(refused.problem(401, "invalid_credentials"));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
    // Without a name nobody is looked for.
    let nameless = user.client.show_face(None, photos.of_the_same()).await;
    nameless.names_fields(&["username"]);
}

async fn a_disabled_user_is_not_let_in(database: Database) {
    let Some(photos) = FacePhotos::fetched() else {
        return;
    };
    let server = Server::start(photos.with_models(Options::on(database)));
    let (user, admin) = (server.user().await, server.admin().await);
    user.client.enrol(photos.of_one()).await.expect(200);
    let path = format!("/admin/users/{}", user.id);
    let disable = |disabled: bool| {
        admin
            .client
            .put(&path)
            .json(&serde_json::json!({"disabled": disabled}))
    };
    disable(true).await.expect(200);
    let refused = user
        .client
        .show_face(Some(&user.name), photos.of_the_same())
        .await;
    refused.problem(401, "invalid_credentials");
    disable(false).await.expect(200);
    user.client
        .show_face(Some(&user.name), photos.of_the_same())
        .await
        .expect(200);
}

async fn too_many_failures_close_the_account_to_strangers(database: Database) {
    let Some(photos) = FacePhotos::fetched() else {
        return;
    };
    let options = photos
        .with_models(Options::on(database))
        .setting("OCELLUS__RATE_LIMITS__LOGIN__PER_ACCOUNT", "2")
        .setting("OCELLUS__HTTP__TRUSTED_PROXIES", "127.0.0.1/32");
    let server = Server::start(options);
    let user = server.user().await;
    user.client.enrol(photos.of_one()).await.expect(200);
    let show = |photo: Vec<u8>, from: &'static str| {
        let form = tests::photo_form("image", [photo]).text("username", user.name.clone());
        let anonymous = user.client.anonymous();
        anonymous
            .post("/login/face")
            .multipart(form)
            .header("x-forwarded-for", from)
    };
    for _ in 0..2 {
        let refused = show(photos.of_another(), "192.0.2.7").await;
        refused.problem(401, "invalid_credentials");
    }
    // Not even the right face, from where its user never logged in; passwords count together with faces.
    show(photos.of_the_same(), "192.0.2.7")
        .await
        .problem(429, "too_many_attempts");
    let by_password = serde_json::json!({"username": user.name, "password": user.password});
    let anonymous = user.client.anonymous();
    let by_password = anonymous
        .post("/login")
        .json(&by_password)
        .header("x-forwarded-for", "192.0.2.7");
    by_password.await.problem(429, "too_many_attempts");
    // From where he logged in before, its user still may.
    show(photos.of_the_same(), "127.0.0.1").await.expect(200);
}
