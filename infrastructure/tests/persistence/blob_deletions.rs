//! Blobs that are to be deleted.

use crate::{
    databases::{TestDatabase, on_every_database},
    samples::{begin, commit, image, moment, stored_image, stored_user, write},
};
use domain::{
    clock::Timestamp,
    ids::{IdGenerator, ImageId, UserId},
    images::BlobKey,
    store::{Store, Transaction},
};
use infrastructure::{persistence::SeaStore, system::UuidV7Generator};

fn key() -> BlobKey {
    BlobKey::of_image(ImageId(UuidV7Generator.next()))
}

async fn schedule(store: &SeaStore, key: &BlobKey, due_at: Timestamp) {
    let outcome = write(store, async |work| {
        work.blob_deletions().schedule(key, due_at).await
    })
    .await;
    outcome.expect("the blob is scheduled");
}

async fn due(store: &SeaStore, now: Timestamp) -> Vec<BlobKey> {
    let due = store.read().blob_deletions().due(now, 100).await;
    due.expect("a read")
}

on_every_database![
    what_is_due_comes_longest_due_first_and_bounded,
    a_blob_that_is_scheduled_again_has_the_new_moment,
    a_cancelled_blob_is_kept_unless_its_moment_has_come,
    a_removed_blob_is_forgotten,
    scheduled_blobs_are_told_of_many_whether_due_or_not,
    every_image_of_the_owner_is_scheduled_and_no_other,
    a_hundred_thousand_images_are_scheduled_at_once,
];

async fn what_is_due_comes_longest_due_first_and_bounded(database: TestDatabase) {
    let store = database.store().await;
    let keys = [key(), key(), key()];
    for (key, seconds) in keys.iter().zip([2, 1, 3]) {
        schedule(&store, key, moment(seconds)).await;
    }
    assert_eq!(due(&store, moment(0)).await, []);
    assert_eq!(due(&store, moment(2)).await, [keys[1].clone(), keys[0].clone()]);
    let first = store.read().blob_deletions().due(moment(9), 1).await;
    assert_eq!(first.expect("a read"), [keys[1].clone()]);
}

async fn a_blob_that_is_scheduled_again_has_the_new_moment(database: TestDatabase) {
    let store = database.store().await;
    let key = key();
    for (seconds, is_due) in [(5, false), (1, true), (7, false)] {
        schedule(&store, &key, moment(seconds)).await;
        assert_eq!(!due(&store, moment(4)).await.is_empty(), is_due);
    }
    assert_eq!(due(&store, moment(7)).await, [key]);
}

async fn a_cancelled_blob_is_kept_unless_its_moment_has_come(database: TestDatabase) {
    let store = database.store().await;
    let (early, late) = (key(), key());
    schedule(&store, &early, moment(1)).await;
    schedule(&store, &late, moment(2)).await;
    let cancel = async |key: &BlobKey| {
        let outcome = write(&store, async |work| {
            work.blob_deletions().cancel(key, moment(1)).await
        })
        .await;
        outcome.expect("an answer")
    };
    assert!(!cancel(&early).await);
    assert!(cancel(&late).await);
    assert!(!cancel(&late).await);
    assert_eq!(due(&store, moment(9)).await, [early]);
}

async fn a_removed_blob_is_forgotten(database: TestDatabase) {
    let store = database.store().await;
    let (gone, kept) = (key(), key());
    schedule(&store, &gone, moment(1)).await;
    schedule(&store, &kept, moment(1)).await;
    for _ in 0..2 {
        let outcome = write(&store, async |work| work.blob_deletions().remove(&gone).await).await;
        outcome.expect("a removal");
    }
    assert_eq!(due(&store, moment(1)).await, [kept]);
}

async fn every_image_of_the_owner_is_scheduled_and_no_other(database: TestDatabase) {
    let store = database.store().await;
    let (ada, grace) = (
        stored_user(&store, "ada").await,
        stored_user(&store, "grace").await,
    );
    let mut expected = Vec::new();
    for _ in 0..3 {
        expected.push(stored_image(&store, &ada, 1).await.blob_key());
        stored_image(&store, &grace, 1).await;
    }
    // One of them waits for another moment already.
    schedule(&store, &expected[1], moment(50)).await;
    let work = begin(&store).await;
    let deletions = work.blob_deletions();
    deletions
        .schedule_owned_by(ada.id, moment(5))
        .await
        .expect("a schedule");
    let nobody = UserId(UuidV7Generator.next());
    deletions
        .schedule_owned_by(nobody, moment(5))
        .await
        .expect("a schedule");
    commit(work).await;
    let mut due: Vec<String> = due(&store, moment(5))
        .await
        .iter()
        .map(|key| key.as_str().to_owned())
        .collect();
    due.sort();
    let mut expected: Vec<&str> = expected.iter().map(BlobKey::as_str).collect();
    expected.sort_unstable();
    assert_eq!(due, expected);
}

async fn a_hundred_thousand_images_are_scheduled_at_once(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let (owner, digest) = (ada.id.0.simple(), image(&ada, 1).sha256);
    let scheme = database.url.split(':').next();
    let (before, id, owner, digest) = match scheme.expect("an address") {
        "sqlite" => (
            "",
            "randomblob(16)",
            format!("x'{owner}'"),
            format!("x'{digest}'"),
        ),
        "postgres" => (
            "",
            "gen_random_uuid()",
            format!("'{owner}'"),
            format!("'\\x{digest}'"),
        ),
        _ => (
            "SET max_recursive_iterations = 100000; ",
            "random_bytes(16)",
            format!("x'{owner}'"),
            format!("x'{digest}'"),
        ),
    };
    let fill = format!(
        "{before}INSERT INTO images (id, owner_id, filename, media_type, size_bytes, width, height, pages, sha256, uploaded_at) \
         WITH RECURSIVE numbers(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < 100000) \
         SELECT {id}, {owner}, 'a.png', 'image/png', 1, 1, 1, 1, {digest}, '2026-01-01 00:00:00' FROM numbers"
    );
    database.execute(&fill).await;
    let start = std::time::Instant::now();
    let schedule =
        async |work: &dyn Transaction| work.blob_deletions().schedule_owned_by(ada.id, moment(1)).await;
    write(&store, schedule).await.expect("a schedule");
    println!("100,000 images scheduled in {:?}", start.elapsed());
    let due = store.read().blob_deletions().due(moment(1), 200_000).await;
    assert_eq!(due.expect("a read").len(), 100_000);
}

async fn scheduled_blobs_are_told_of_many_whether_due_or_not(database: TestDatabase) {
    let store = database.store().await;
    let keys = [key(), key(), key()];
    schedule(&store, &keys[0], moment(-9)).await;
    schedule(&store, &keys[2], moment(9)).await;
    let found = store
        .read()
        .blob_deletions()
        .scheduled(&keys)
        .await
        .expect("a read");
    assert_eq!(found.len(), 2);
    assert!(found.contains(&keys[0]) && found.contains(&keys[2]));
    let none = store.read().blob_deletions().scheduled(&[key()]).await;
    assert_eq!(none.expect("a read"), []);
}
