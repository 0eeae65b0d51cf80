//! Photos that cannot be used.

use std::io::Cursor;
use std::time::{Duration, Instant};

use image::{DynamicImage, ImageFormat, RgbImage, imageops};
use reqwest::multipart::{Form, Part};
use tests::{Answer, Database, FacePhotos, Options, Server, User, on_sqlite, photo_form, picture, truncated};

on_sqlite!(
    a_photo_that_cannot_be_used_is_named_with_its_reason,
    three_photos_are_needed_and_no_more,
    photos_of_different_people_are_refused,
);

fn person(photos: &FacePhotos) -> RgbImage {
    let photo = image::load_from_memory(&photos.photo("obama.jpg")).expect("a photo");
    photo.resize(500, 600, imageops::FilterType::Triangle).into_rgb8()
}

fn file(pixels: RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    DynamicImage::from(pixels)
        .write_to(&mut file, format)
        .expect("written");
    file.into_inner()
}

fn two_faces(photos: &FacePhotos) -> Vec<u8> {
    let person = person(photos);
    let mut both = RgbImage::new(1100, 600);
    imageops::replace(&mut both, &person, 0, 0);
    imageops::replace(&mut both, &person, 550, 0);
    file(both, ImageFormat::Png)
}

async fn a_photo_that_cannot_be_used_is_named_with_its_reason(database: Database) {
    let Some(photos) = FacePhotos::fetched() else {
        return;
    };
    let server = Server::start(photos.with_models(Options::on(database)));
    let user = server.user().await;
    user.client.enrol(photos.of_one()).await.expect(200);
    let enrolled = user.client.get("/user/face").await.expect(200).json();
    let fine = photos.photo("obama2.jpg");
    for (photo, status, code) in [
        (picture(1, 200, 200), 422, "no_face"),
        (two_faces(&photos), 422, "several_faces"),
        (truncated(&fine), 422, "image_corrupt"),
        (b"<html></html>".to_vec(), 415, "unsupported_image"),
        (vec![], 415, "unsupported_image"),
        (vec![0xff; (20 << 20) + 1], 415, "unsupported_image"),
        ([&fine[..], &vec![0; 20 << 20]].concat(), 413, "image_too_large"),
    ] {
        let refused = user
            .client
            .enrol([fine.clone(), photo.clone(), fine.clone()])
            .await;
        let problem = refused.problem(status, code);
        if status == 422 {
            let detail = problem["detail"].as_str().expect("a detail");
            assert!(detail.starts_with("Photo 2: "), "{detail}");
        }
        let refused = user.client.show_face(Some(&user.name), photo).await;
        refused.problem(status, code);
    }
    // What was enrolled before still is.
    assert_eq!(user.client.get("/user/face").await.expect(200).json(), enrolled);
}

async fn three_photos_are_needed_and_no_more(database: Database) {
    let Some(photos) = FacePhotos::fetched() else {
        return;
    };
    let server = Server::start(photos.with_models(Options::on(database)));
    let user = server.user().await;
    let fine = || photos.photo("obama2.jpg");
    for count in [1, 2, 4] {
        let refused = user.client.enrol(vec![fine(); count]).await;
        refused.names_fields(&["images"]);
    }
    let put = |form: Form| -> tests::Request { user.client.put("/user/face").multipart(form) };
    put(Form::new().text("images", "no file"))
        .await
        .problem(415, "unsupported_image");
    put(photo_form("photos", [vec![0; 9]]))
        .await
        .names_fields(&["images"]);
    let login = |form: Form| user.client.anonymous().post("/login/face").multipart(form);
    login(Form::new().text("username", "ada"))
        .await
        .names_fields(&["image"]);
    login(photo_form("image", [fine(), fine()]))
        .await
        .names_fields(&["image"]);
    let json = user.client.put("/user/face").json(&serde_json::json!({}));
    json.await.problem(415, "unsupported_media_type");
}

async fn photos_of_different_people_are_refused(database: Database) {
    let Some(photos) = FacePhotos::fetched() else {
        return;
    };
    let server = Server::start(photos.with_models(Options::on(database)));
    let user = server.user().await;
    let mut mixed = photos.of_one();
    mixed[1] = photos.of_another();
    user.client.enrol(mixed).await.problem(422, "face_mismatch");
    user.client.get("/user/face").await.problem(404, "not_found");
}

/// A photo as a telephone of today takes it.
fn large(photos: &FacePhotos) -> Vec<u8> {
    let person = imageops::resize(&person(photos), 4000, 4800, imageops::FilterType::Triangle);
    let mut large = RgbImage::from_pixel(8000, 6000, image::Rgb([90, 110, 130]));
    imageops::replace(&mut large, &person, 2000, 600);
    file(large, ImageFormat::Jpeg)
}

#[tokio::test]
async fn a_photo_of_48_megapixels_stays_within_memory_and_time() {
    let Some(photos) = FacePhotos::fetched() else {
        return;
    };
    let server = Server::start(photos.with_models(Options::default()));
    let user: User = server.user().await;
    user.client.enrol(photos.of_one()).await.expect(200);
    let large = large(&photos);
    let (idle, _) = server.memory();
    let begun = Instant::now();
    // As a browser sends it, alone.
    let part = Part::bytes(large.clone()).file_name("large.jpg");
    let form = Form::new()
        .part("image", part)
        .text("username", user.name.clone());
    let login = user.client.anonymous().post("/login/face").multipart(form);
    login.await.expect(200);
    let (_, peak) = server.memory();
    assert!(peak < idle + 300_000_000, "{} bytes more", peak - idle);
    // Several share the memory that all decoding shares, which is 300 MB, beside their files and what dlib takes.
    let answers: Vec<Answer> = futures_util::future::join_all(
        (0..4).map(|_| user.client.show_face(Some(&user.name), large.clone())),
    )
    .await;
    for answer in answers {
        answer.expect(200);
    }
    let (_, peak) = server.memory();
    assert!(peak < idle + 400_000_000, "{} bytes more", peak - idle);
    // A bound against a runaway, not a measurement.
    assert!(begun.elapsed() < Duration::from_mins(1));
}
