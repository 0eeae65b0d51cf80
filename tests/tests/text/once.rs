//! What was read once is not read again.

use tests::{Database, Options, Server, User, bundled_image, on_every_database, on_sqlite};

use crate::read;

/// What `/metrics` counts every recognition under.
const RECOGNITIONS: &str = "ocellus_recognition_duration_seconds_count";

on_every_database!(two_who_ask_at_once_share_one_reading,);

on_sqlite!(what_was_read_once_is_not_read_again,);

async fn what_was_read_once_is_not_read_again(database: Database) {
    // Alone, since the count is of the whole server.
    let server = Server::start(Options::on(database));
    let user = server.user().await;
    let id = user.client.uploaded(bundled_image("hello.png")).await;
    let first = read(&user, &id, "").await.expect(200).json();
    assert_eq!(recognitions(&user).await, 1);
    assert_eq!(read(&user, &id, "").await.expect(200).json(), first);
    for query in ["?format=plain", "?languages=eng", "?languages=eng,eng"] {
        read(&user, &id, query).await.expect(200);
    }
    assert_eq!(recognitions(&user).await, 1, "the stored text served all of them");
    read(&user, &id, "?languages=spa").await.expect(200);
    assert_eq!(
        recognitions(&user).await,
        2,
        "other languages are another reading"
    );
}

async fn two_who_ask_at_once_share_one_reading(database: Database) {
    let server = Server::start(Options::on(database));
    let user = server.user().await;
    let id = user.client.uploaded(bundled_image("hello.png")).await;
    let answers = tokio::join!(
        read(&user, &id, ""),
        read(&user, &id, ""),
        read(&user, &id, "?format=plain"),
        read(&user, &id, "?languages=eng"),
    );
    let first = answers.0.expect(200).json();
    assert_eq!(answers.1.expect(200).json(), first);
    answers.2.expect(200);
    assert_eq!(answers.3.expect(200).json(), first);
    assert_eq!(recognitions(&user).await, 1);
}

async fn recognitions(user: &User) -> u64 {
    user.client.counted(RECOGNITIONS).await
}
