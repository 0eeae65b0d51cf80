//! Listing, reading and deleting.

use std::time::Duration;

use serde_json::Value;
use tests::{Database, Server, eventually, on_every_database, on_sqlite, picture};

const NO_SUCH_IMAGE: &str = "0190b0a0-0000-7000-8000-000000000000";

on_every_database!(
    images_are_listed_newest_first_page_by_page,
    a_deleted_image_is_gone_with_its_bytes,
);

on_sqlite!(
    the_content_comes_back_byte_by_byte_and_runs_in_no_browser,
    unchanged_content_is_not_sent_again,
    bad_page_parameters_are_named,
    ids_that_are_none_and_ids_that_nobody_has_are_not_found,
);

async fn the_content_comes_back_byte_by_byte_and_runs_in_no_browser(database: Database) {
    let user = Server::shared(database).user().await;
    let bytes = picture(11, 200, 150);
    let image = user
        .client
        .upload_as("noise.png", "image/png", bytes.clone())
        .await
        .expect(201)
        .json();
    let path = format!("/images/{}/content", image["id"].as_str().expect("an id"));
    let content = user.client.get(&path).await.expect(200);
    assert_eq!(content.body, bytes);
    assert_eq!(content.header("content-type"), "image/png");
    assert_eq!(content.header("content-length"), bytes.len().to_string());
    assert_eq!(content.header("x-content-type-options"), "nosniff");
    let disposition = content.header("content-disposition");
    assert!(disposition.contains("noise.png"), "{disposition}");
    // A redirect is for stores that can presign; files cannot, so the bytes come.
    let direct = user
        .client
        .get(&format!("{path}?redirect=true"))
        .await
        .expect(200);
    assert_eq!(direct.body, bytes);
}

async fn unchanged_content_is_not_sent_again(database: Database) {
    let user = Server::shared(database).user().await;
    let id = user.client.uploaded(picture(12, 50, 50)).await;
    let path = format!("/images/{id}/content");
    let first = user.client.get(&path).await.expect(200);
    let tag = first.header("etag").to_owned();
    assert!(tag.ends_with('"'), "{tag}");
    for tags in [
        tag.clone(),
        format!("\"other\", {tag}"),
        format!("W/{tag}"),
        "*".to_owned(),
    ] {
        let again = user.client.get(&path).header("if-none-match", &tags).await;
        assert_eq!(again.status, 304, "{tags}");
        assert_eq!(again.header("etag"), tag);
        assert!(again.body.is_empty());
    }
    let other = user
        .client
        .get(&path)
        .header("if-none-match", "\"other\"")
        .await
        .expect(200);
    assert_eq!(other.body, first.body);
}

async fn images_are_listed_newest_first_page_by_page(database: Database) {
    let user = Server::shared(database).user().await;
    let empty = user.client.get("/images").await.expect(200).json();
    assert_eq!(empty["items"], Value::Array(Vec::new()));
    assert!(empty.get("next_cursor").is_none_or(Value::is_null));

    let mut ids = Vec::new();
    for seed in 0..7 {
        ids.push(user.client.uploaded(picture(seed, 8, 8)).await);
    }
    ids.reverse();
    let pages = user.client.listed("/images", 3).await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 1]);
    assert_eq!(pages.concat(), ids);
    assert_eq!(
        user.client.listed("/images", 7).await.len(),
        1,
        "a full last page has no next"
    );

    // A cursor goes on where it was, whatever came or went meanwhile.
    let first = user.client.get("/images?limit=2").await.expect(200).json();
    let cursor = first["next_cursor"].as_str().expect("another page");
    user.client.uploaded(picture(99, 8, 8)).await;
    user.client
        .delete(&format!("/images/{}", ids[1]))
        .await
        .expect(204);
    let second = user
        .client
        .get(&format!("/images?limit=2&cursor={cursor}"))
        .await
        .expect(200)
        .json();
    assert_eq!(second["items"][0]["id"], ids[2]);
    assert_eq!(second["items"][1]["id"], ids[3]);
    let detailed = user
        .client
        .get(&format!("/images/{}", ids[2]))
        .await
        .expect(200)
        .json();
    assert_eq!(second["items"][0], detailed);
}

async fn bad_page_parameters_are_named(database: Database) {
    let user = Server::shared(database).user().await;
    for (query, fields) in [
        ("limit=0", &["limit"][..]),
        ("limit=101", &["limit"]),
        ("limit=-1", &["limit"]),
        ("limit=many", &["limit"]),
        ("limit=", &["limit"]),
        ("cursor=nonsense", &["cursor"]),
        ("cursor=%00", &["cursor"]),
        ("limit=0&cursor=nonsense", &["limit", "cursor"]),
        ("limit=99999999999999999999", &["limit"]),
    ] {
        user.client
            .get(&format!("/images?{query}"))
            .await
            .names_fields(fields);
    }
}

async fn a_deleted_image_is_gone_with_its_bytes(database: Database) {
    let server = Server::shared(database);
    let user = server.user().await;
    let bytes = picture(21, 70, 70);
    let id = user.client.uploaded(bytes.clone()).await;
    assert!(!server.stored_files(|content| content == bytes).is_empty());
    let gone = user.client.delete(&format!("/images/{id}")).await.expect(204);
    assert!(gone.body.is_empty());
    for path in [
        format!("/images/{id}"),
        format!("/images/{id}/content"),
        format!("/images/{id}/text"),
    ] {
        user.client.get(&path).await.problem(404, "not_found");
    }
    user.client
        .delete(&format!("/images/{id}"))
        .await
        .problem(404, "not_found");
    assert_eq!(user.client.listed("/images", 100).await.concat().len(), 0);
    eventually("the blob to go", Duration::from_secs(15), async || {
        server.stored_files(|content| content == bytes).is_empty()
    })
    .await;
}

async fn ids_that_are_none_and_ids_that_nobody_has_are_not_found(database: Database) {
    let user = Server::shared(database).user().await;
    for id in [
        NO_SUCH_IMAGE,
        "1",
        "nonsense",
        "%00",
        "..%2f..",
        "'%20or%201=1",
        "0190b0a0-0000-7000-8000-00000000000g",
    ] {
        for rest in ["", "/content", "/text"] {
            user.client
                .get(&format!("/images/{id}{rest}"))
                .await
                .problem(404, "not_found");
        }
        user.client
            .delete(&format!("/images/{id}"))
            .await
            .problem(404, "not_found");
    }
}
