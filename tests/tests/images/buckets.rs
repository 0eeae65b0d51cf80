//! Images in S3 rather than in files.

use std::time::Duration;

use tests::{
    Database, Options, Proxy, S3Server, Server, bundled_image, eventually, on_every_database, on_sqlite,
    picture, truncated,
};

use crate::LIMIT;

on_every_database!(images_in_a_bucket_are_read_and_deleted_like_files,);

on_sqlite!(what_did_not_become_an_image_leaves_nothing_in_the_bucket,);

/// The folder of the bucket that the objects are in.
const PREFIX: &str = "ocellus/test";

/// A server that keeps its images in the bucket that is behind `address`.
fn options(database: Database, address: &str) -> Options {
    Options::on(database)
        .setting(
            "OCELLUS__STORAGE__URL",
            &format!("s3://{}/{PREFIX}", S3Server::BUCKET),
        )
        .reaching_buckets(address)
}

fn start(database: Database) -> (S3Server, Server) {
    let bucket = S3Server::start();
    let server = Server::start(options(database, &bucket.address().to_string()));
    (bucket, server)
}

/// What somebody without a login gets at an address.
async fn fetched(url: &str) -> (u16, Vec<u8>) {
    let answer = reqwest::get(url).await.expect("an answer");
    let status = answer.status().as_u16();
    (status, answer.bytes().await.expect("a body").to_vec())
}

async fn images_in_a_bucket_are_read_and_deleted_like_files(database: Database) {
    let (bucket, server) = start(database);
    let user = server.user().await;
    // As large as needs several parts, and one that holds text.
    let mut large = picture(61, 300, 200);
    large.resize(12 * 1024 * 1024, 0);
    for bytes in [large, bundled_image("hello.png")] {
        let id = user.client.uploaded(bytes.clone()).await;
        let objects = bucket.images();
        assert!(objects.len() == 1 && objects[0].starts_with(bucket.bucket().join(PREFIX)));
        assert!(server.stored_files(|content| content == bytes).is_empty());
        let path = format!("/images/{id}/content");
        let content = user.client.get(&path).await.expect(200);
        assert!(content.body == bytes, "the bytes come back");
        assert_eq!(content.header("content-type"), "image/png");
        let tag = content.header("etag");
        let again = user.client.get(&path).header("if-none-match", tag).await;
        assert_eq!(again.status, 304);
        user.client.get(&format!("/images/{id}/text")).await.expect(200);
        user.client.delete(&format!("/images/{id}")).await.expect(204);
        user.client.get(&path).await.problem(404, "not_found");
        eventually("the object to go", Duration::from_secs(15), async || {
            bucket.images().is_empty()
        })
        .await;
    }
}

async fn what_did_not_become_an_image_leaves_nothing_in_the_bucket(database: Database) {
    let (bucket, server) = start(database);
    let user = server.user().await;
    let broken = truncated(&picture(62, 300, 300));
    let mut large = picture(63, 300, 300);
    large.resize(LIMIT + 1, 7);
    user.client.upload(broken).await.problem(422, "image_corrupt");
    user.client
        .upload_in_chunks(&large)
        .await
        .problem(413, "image_too_large");
    eventually("refused uploads to go", Duration::from_secs(15), async || {
        bucket.images().is_empty()
    })
    .await;
    assert!(user.client.listed("/images", 100).await.concat().is_empty());
}

#[tokio::test]
async fn a_link_leads_its_owner_to_the_bytes_in_the_bucket() {
    let (_bucket, server) = start(Database::Sqlite);
    let (owner, stranger) = (server.user().await, server.user().await);
    let bytes = picture(64, 40, 30);
    let id = owner.client.uploaded(bytes.clone()).await;
    let path = format!("/images/{id}/content?redirect=true");
    let answer = owner.client.get(&path).await.expect(307);
    assert!(answer.body.is_empty());
    assert_eq!(answer.header("cache-control"), "no-store");
    let link = answer.header("location");
    assert!(!link.contains("canary"), "{link}");
    assert_eq!(fetched(link).await, (200, bytes.clone()));
    let tampered = link.replace("X-Amz-Expires=300", "X-Amz-Expires=86400");
    assert_ne!(tampered, link, "it counts for five minutes");
    assert_eq!(fetched(&tampered).await.0, 403);

    stranger.client.get(&path).await.problem(404, "not_found");
    let asked_otherwise = format!("/images/{id}/content?redirect=false");
    assert_eq!(owner.client.get(&asked_otherwise).await.expect(200).body, bytes);
    let asked_badly = format!("/images/{id}/content?redirect=perhaps");
    owner.client.get(&asked_badly).await.names_fields(&["redirect"]);
}

#[tokio::test]
async fn an_upload_takes_no_more_memory_the_larger_it_is() {
    const MEBIBYTE: usize = 1024 * 1024;
    let bucket = S3Server::start();
    let options = options(Database::Sqlite, &bucket.address().to_string())
        .setting("OCELLUS__HTTP__MAX_UPLOAD_BYTES", "80MiB");
    let server = Server::start(options);
    let user = server.user().await;
    // Refused at its end, when all of it went to the bucket, and so never decoded.
    let mut bytes = picture(65, 100, 100);
    bytes.resize(20 * MEBIBYTE, 7);
    user.client.upload_in_chunks(&bytes).await.expect(201);
    let (_, before) = server.memory();
    bytes.resize(81 * MEBIBYTE, 7);
    user.client
        .upload_in_chunks(&bytes)
        .await
        .problem(413, "image_too_large");
    let (_, after) = server.memory();
    let more = after.saturating_sub(before);
    assert!(more < 20 << 20, "{more} bytes more for 61 MiB more");
}

#[tokio::test]
async fn while_the_object_store_is_gone_images_are_unavailable_and_afterwards_as_before() {
    let bucket = S3Server::start();
    let cable = Proxy::to(&bucket.address().to_string());
    let server = Server::start(options(Database::Sqlite, &format!("127.0.0.1:{}", cable.port())));
    let user = server.user().await;
    let bytes = picture(66, 50, 50);
    let id = user.client.uploaded(bytes.clone()).await;
    let deleted = user.client.uploaded(picture(67, 50, 50)).await;
    let path = format!("/images/{id}/content");

    cable.cut();
    user.client.get(&path).await.problem(503, "unavailable");
    user.client
        .upload(picture(68, 50, 50))
        .await
        .problem(503, "unavailable");
    let ready = user.client.get("/health/ready").await.expect(503).json();
    assert_eq!(ready["checks"]["storage"]["status"], "failing", "{ready}");
    // What needs only the database goes on.
    user.client.get(&format!("/images/{id}")).await.expect(200);
    user.client
        .delete(&format!("/images/{deleted}"))
        .await
        .expect(204);

    cable.restore();
    eventually("the service to be ready", Duration::from_secs(30), async || {
        user.client.get("/health/ready").await.status == 200
    })
    .await;
    assert_eq!(user.client.get(&path).await.expect(200).body, bytes);
    user.client.uploaded(picture(69, 50, 50)).await;
    eventually(
        "what was deleted meanwhile to go",
        Duration::from_secs(30),
        async || bucket.images().len() == 2,
    )
    .await;
}
