//! What is refused, and how.

use image::ImageFormat;
use reqwest::multipart::{Form, Part};
use tests::{
    Database, Server, on_sqlite, picture, picture_as, png_that_claims_to_be, svg, tiff_of_pages, truncated,
};

use crate::LIMIT;

on_sqlite!(
    what_is_no_image_is_refused,
    a_broken_image_is_corrupt,
    an_image_of_too_many_pixels_is_refused,
    a_file_of_too_many_pages_is_refused,
    a_file_over_the_limit_is_refused_whether_it_tells_its_length_or_not,
    a_form_that_never_comes_to_its_file_is_not_read_without_end,
    a_form_without_its_file_names_the_field,
    an_upload_that_is_no_form_is_unsupported,
    a_malformed_form_is_a_bad_request,
);

async fn what_is_no_image_is_refused(database: Database) {
    let user = Server::shared(database).user().await;
    for bytes in [
        Vec::new(),
        b"x".to_vec(),
        b"plain text, and enough of it to look at".to_vec(),
        svg(),
        b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF\n".to_vec(),
        b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0".to_vec(),
        b"PK\x03\x04 a zip archive of something".to_vec(),
        vec![0; 4096],
    ] {
        user.client.upload(bytes).await.problem(415, "unsupported_image");
    }
}

async fn a_broken_image_is_corrupt(database: Database) {
    let user = Server::shared(database).user().await;
    for format in [
        ImageFormat::Png,
        ImageFormat::Jpeg,
        ImageFormat::WebP,
        ImageFormat::Tiff,
        ImageFormat::Bmp,
        ImageFormat::Gif,
    ] {
        let whole = picture_as(format, 31);
        let answer = user.client.upload(truncated(&whole)).await;
        assert_eq!(
            (answer.status, answer.json()["code"].as_str()),
            (422, Some("image_corrupt")),
            "half a {format:?}: {}",
            answer.text()
        );
    }
    user.client
        .upload(b"\x89PNG\r\n\x1a\n".to_vec())
        .await
        .problem(422, "image_corrupt");
    let mut flipped = picture(32, 64, 64);
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0x55;
    user.client.upload(flipped).await.problem(422, "image_corrupt");
}

async fn an_image_of_too_many_pixels_is_refused(database: Database) {
    let user = Server::shared(database).user().await;
    for (width, height) in [(50_000, 50_000), (2_000_000_000, 1), (10_001, 10_000)] {
        user.client
            .upload(png_that_claims_to_be(width, height))
            .await
            .problem(422, "image_dimensions");
    }
}

async fn a_file_of_too_many_pages_is_refused(database: Database) {
    let user = Server::shared(database).user().await;
    let image = user.client.upload(tiff_of_pages(100)).await.expect(201).json();
    assert_eq!(image["pages"], 100);
    user.client
        .upload(tiff_of_pages(101))
        .await
        .problem(422, "too_many_pages");
}

async fn a_file_over_the_limit_is_refused_whether_it_tells_its_length_or_not(database: Database) {
    let user = Server::shared(database).user().await;
    let mut bytes = picture(41, 100, 100);
    bytes.resize(LIMIT + 1, 0);
    user.client
        .upload(bytes.clone())
        .await
        .problem(413, "image_too_large");
    user.client
        .upload_in_chunks(&bytes)
        .await
        .problem(413, "image_too_large");
    bytes.resize(LIMIT + 1024 * 1024, 0);
    user.client
        .upload_in_chunks(&bytes)
        .await
        .problem(413, "image_too_large");
    assert!(user.client.listed("/images", 100).await.concat().is_empty());
}

async fn a_form_that_never_comes_to_its_file_is_not_read_without_end(database: Database) {
    let user = Server::shared(database).user().await;
    let part = format!(
        "--x\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\n{}\r\n",
        "n".repeat(60_000)
    );
    let endless_parts = part.repeat(LIMIT / 60_000 + 3).into_bytes();
    let preamble = vec![b'n'; LIMIT + 128 * 1024];
    for body in [endless_parts, preamble] {
        let chunks: Vec<Result<Vec<u8>, std::io::Error>> =
            body.chunks(64 * 1024).map(|chunk| Ok(chunk.to_vec())).collect();
        let body = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
        let request = user
            .client
            .post("/images")
            .body("multipart/form-data; boundary=x", body);
        request.await.problem(413, "request_too_large");
    }
}

async fn a_form_without_its_file_names_the_field(database: Database) {
    let user = Server::shared(database).user().await;
    for form in [
        Form::new().text("comment", "no file here"),
        Form::new().part("image", Part::bytes(picture(1, 9, 9)).file_name("a.png")),
    ] {
        user.client
            .post("/images")
            .multipart(form)
            .await
            .names_fields(&["file"]);
    }
}

async fn an_upload_that_is_no_form_is_unsupported(database: Database) {
    let user = Server::shared(database).user().await;
    for kind in ["image/png", "application/json", "application/octet-stream"] {
        user.client
            .post("/images")
            .body(kind, picture(1, 9, 9))
            .await
            .problem(415, "unsupported_media_type");
    }
    user.client
        .post("/images")
        .await
        .problem(415, "unsupported_media_type");
}

async fn a_malformed_form_is_a_bad_request(database: Database) {
    let user = Server::shared(database).user().await;
    for (kind, body) in [
        ("multipart/form-data; boundary=line", "no boundary in here"),
        (
            "multipart/form-data; boundary=line",
            "--line\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\n\u{89}PNG",
        ),
        ("multipart/form-data; boundary=line", ""),
        ("multipart/form-data", "--line\r\n"),
    ] {
        let answer = user.client.post("/images").body(kind, body).await;
        assert!(
            [400, 415].contains(&answer.status),
            "{kind} {body:?} {answer}: {}",
            answer.text()
        );
    }
}
