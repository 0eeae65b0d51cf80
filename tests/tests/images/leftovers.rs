//! What did not become an image leaves nothing behind.

use std::time::Duration;

use tests::{Database, RawConnection, Server, eventually, on_sqlite, picture, truncated, unique_name};

use crate::LIMIT;

on_sqlite!(a_half_sent_upload_leaves_nothing, a_refused_upload_leaves_nothing,);

async fn a_half_sent_upload_leaves_nothing(database: Database) {
    let server = Server::shared(database);
    let user = server.user().await;
    let bytes = picture(51, 900, 900);
    let part = upload_head(&unique_name("half"));
    let head = format!(
        "POST /images HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: multipart/form-data; boundary=line\r\nContent-Length: {}\r\n\r\n{part}",
        server.address(),
        user.client.token().expect("a login"),
        part.len() + bytes.len() + "\r\n--line--\r\n".len(),
    );
    let mut connection = RawConnection::open(server.address()).expect("a connection");
    connection.write(head).expect("the server listens");
    connection
        .write(truncated(&bytes))
        .expect("the server reads what comes");
    // The first bytes may or may not have been written yet: what counts is that nothing stays.
    connection.abort();

    let begun = |content: &[u8]| content.len() > 100 && bytes.starts_with(content);
    eventually("half an upload to go", Duration::from_secs(15), async || {
        server.stored_files(begun).is_empty()
    })
    .await;
    assert!(user.client.listed("/images", 100).await.concat().is_empty());
}

async fn a_refused_upload_leaves_nothing(database: Database) {
    let server = Server::shared(database);
    let user = server.user().await;
    let broken = truncated(&picture(52, 300, 300));
    let mut large = picture(53, 300, 300);
    large.resize(LIMIT + 1, 7);
    user.client
        .upload(broken.clone())
        .await
        .problem(422, "image_corrupt");
    user.client
        .upload(large.clone())
        .await
        .problem(413, "image_too_large");
    let begun =
        |content: &[u8]| content.len() > 100 && (broken.starts_with(content) || large.starts_with(content));
    eventually("refused uploads to go", Duration::from_secs(15), async || {
        server.stored_files(begun).is_empty()
    })
    .await;
    assert!(user.client.listed("/images", 100).await.concat().is_empty());
}

fn upload_head(name: &str) -> String {
    format!(
        "--line\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}.png\"\r\n\
         Content-Type: image/png\r\n\r\n"
    )
}
