//! Uploading.

use image::ImageFormat;
use reqwest::multipart::{Form, Part};
use serde_json::Value;
use tests::{
    Database, Server, bundled_image, on_every_database, on_sqlite, picture, picture_as, tiff_of_pages,
};

use crate::LIMIT;

on_every_database!(an_image_is_uploaded_and_described,);

on_sqlite!(
    every_kind_of_image_is_taken,
    what_the_client_says_about_a_file_is_not_believed,
    a_file_name_comes_back_without_folders_or_control_characters,
    a_file_at_the_limit_is_not_too_large,
);

async fn an_image_is_uploaded_and_described(database: Database) {
    let user = Server::shared(database).user().await;
    let bytes = picture(1, 31, 17);
    let answer = user
        .client
        .upload_as("holiday.png", "image/png", bytes.clone())
        .await
        .expect(201);
    let image = answer.json();
    let id = image["id"].as_str().expect("an id");
    let uuid: uuid::Uuid = id.parse().expect("a UUID");
    assert_eq!(uuid.get_version_num(), 7);
    assert_eq!(answer.header("location"), format!("/images/{id}"));
    assert_eq!(image["owner_id"], user.id);
    assert_eq!(image["filename"], "holiday.png");
    assert_eq!(image["media_type"], "image/png");
    assert_eq!(image["size_bytes"], bytes.len());
    assert_eq!(
        (&image["width"], &image["height"], &image["pages"]),
        (&Value::from(31), &Value::from(17), &Value::from(1))
    );
    let digest = image["sha256"].as_str().expect("a digest");
    assert!(digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let time = image["uploaded_at"].as_str().expect("a time");
    assert!(time.ends_with('Z') || time.ends_with("+00:00"), "{time}");
    assert_eq!(
        user.client.get(&format!("/images/{id}")).await.expect(200).json(),
        image
    );
}

async fn every_kind_of_image_is_taken(database: Database) {
    let user = Server::shared(database).user().await;
    for (format, kind) in [
        (ImageFormat::Png, "image/png"),
        (ImageFormat::Jpeg, "image/jpeg"),
        (ImageFormat::WebP, "image/webp"),
        (ImageFormat::Tiff, "image/tiff"),
        (ImageFormat::Bmp, "image/bmp"),
        (ImageFormat::Gif, "image/gif"),
    ] {
        let image = user.client.upload(picture_as(format, 5)).await.expect(201).json();
        assert_eq!(image["media_type"], kind);
        assert_eq!(
            (&image["width"], &image["height"]),
            (&Value::from(40), &Value::from(30))
        );
    }
    let image = user.client.upload(tiff_of_pages(3)).await.expect(201).json();
    assert_eq!(image["pages"], 3);
    let turned = user
        .client
        .upload(bundled_image("turned_by_exif.jpg"))
        .await
        .expect(201)
        .json();
    let upright = user
        .client
        .upload(bundled_image("hello.png"))
        .await
        .expect(201)
        .json();
    assert_eq!(
        turned["width"].as_u64() > turned["height"].as_u64(),
        upright["width"].as_u64() > upright["height"].as_u64(),
        "width and height are as a person sees them: {turned}"
    );
}

async fn what_the_client_says_about_a_file_is_not_believed(database: Database) {
    let user = Server::shared(database).user().await;
    let image = user
        .client
        .upload_as(
            "page.html",
            "text/html; charset=utf-8",
            picture_as(ImageFormat::Jpeg, 8),
        )
        .await
        .expect(201)
        .json();
    assert_eq!(image["media_type"], "image/jpeg");
    let path = format!("/images/{}/content", image["id"].as_str().expect("an id"));
    let content = user.client.get(&path).await.expect(200);
    assert_eq!(content.header("content-type"), "image/jpeg");
    user.client
        .upload_as("photo.png", "image/png", "<html><script>alert(1)</script></html>")
        .await
        .problem(415, "unsupported_image");
}

async fn a_file_name_comes_back_without_folders_or_control_characters(database: Database) {
    let user = Server::shared(database).user().await;
    for name in [
        "../../etc/passwd",
        "C:\\windows\\win.ini",
        "a\u{202e}gnp.exe",
        "..",
        "été “ü”.png",
        &"n".repeat(5000),
    ] {
        let image = user
            .client
            .upload_as(name, "image/png", picture(3, 9, 9))
            .await
            .expect(201)
            .json();
        let shown = image["filename"].as_str().expect("a name").to_owned();
        assert!(
            !shown.is_empty() && !shown.contains(['/', '\\', '\u{202e}']) && shown != "..",
            "{name:?} became {shown:?}"
        );
        assert!(shown.chars().count() <= 255, "{} characters", shown.len());
        let path = format!("/images/{}/content", image["id"].as_str().expect("an id"));
        let content = user.client.get(&path).await.expect(200);
        let disposition = content.header("content-disposition");
        assert!(disposition.is_ascii() && disposition.contains("filename"));
    }
    // A part without any name is still a file.
    let form = Form::new().part("file", Part::bytes(picture(4, 9, 9)));
    let answer = user.client.post("/images").multipart(form).await;
    assert!([201, 400].contains(&answer.status), "{answer}: {}", answer.text());
}

async fn a_file_at_the_limit_is_not_too_large(database: Database) {
    let user = Server::shared(database).user().await;
    // What follows the image's end does not matter to a decoder, but counts.
    let mut bytes = picture_as(ImageFormat::Bmp, 42);
    bytes.resize(LIMIT, 0);
    let image = user.client.upload_in_chunks(&bytes).await.expect(201).json();
    assert_eq!(image["size_bytes"], LIMIT);
}
