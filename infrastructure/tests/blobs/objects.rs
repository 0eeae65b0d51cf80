//! Writing, reading and deleting objects.

use crate::stores::{LongSource, PNG, content, key, metered, settings, store};
use async_trait::async_trait;
use bytes::Bytes;
use domain::{
    ids::ImageId,
    images::{
        BlobError, BlobKey, BlobStore, ByteSource, ContentMeter, SourceError, test_support::ChunkSource,
    },
    operations::HealthProbe,
};
use infrastructure::blobs::{S3BlobStore, S3Encryption};
use std::{sync::Arc, time::Duration};
use tokio::{sync::Notify, time::Instant};
use uuid::Uuid;

/// The bytes of a part.
const PART: usize = 5 * 1024 * 1024;

#[tokio::test]
async fn what_is_written_is_read_back_and_lies_below_the_prefix() {
    let (server, store) = store().await;
    let mut meter = metered(ChunkSource::new([PNG, b"one", b"two"]));
    store.write(&key(), &mut meter).await.expect("written");
    let read = content(&store, &key()).await.expect("there");
    assert_eq!(read, [PNG, b"one", b"two"].concat());
    let object = server.bucket().join("ocellus/blobs").join(key().as_str());
    assert_eq!(std::fs::read(object).expect("an object"), read);
}

#[tokio::test]
async fn blobs_of_any_length_are_the_same_afterwards() {
    let (server, store) = store().await;
    for length in [PART - 1, PART, PART + 1, 2 * PART, 20 * 1024 * 1024 + 7] {
        let mut meter = metered(LongSource::new(length));
        store.write(&key(), &mut meter).await.expect("written");
        let read = content(&store, &key()).await.expect("there");
        assert!(read == LongSource::bytes(length), "{length} bytes");
    }
    assert_eq!(server.images().len(), 1, "no part is left");
}

#[tokio::test]
async fn a_bucket_without_a_prefix_will_do() {
    let (server, _) = store().await;
    let mut settings = settings(&server);
    settings.prefix = String::new();
    let store = S3BlobStore::open(&settings).await.expect("a bucket");
    let mut meter = metered(ChunkSource::new([PNG]));
    store.write(&key(), &mut meter).await.expect("written");
    assert!(server.bucket().join(key().as_str()).is_file());
    assert_eq!(content(&store, &key()).await.expect("there"), PNG);
}

#[tokio::test]
async fn objects_may_be_encrypted_where_they_lie() {
    let (server, _) = store().await;
    let key_id = Some("arn:aws:kms:here:1:key/2".to_owned());
    for encryption in [S3Encryption::Managed, S3Encryption::Kms { key_id }] {
        let mut settings = settings(&server);
        settings.access.encryption = Some(encryption);
        let store = S3BlobStore::open(&settings).await.expect("a bucket");
        for length in [100, PART + 1] {
            let mut meter = metered(LongSource::new(length));
            store.write(&key(), &mut meter).await.expect("written");
            assert_eq!(content(&store, &key()).await.expect("there").len(), length);
        }
    }
}

#[tokio::test]
async fn a_blob_that_was_never_written_is_absent_and_deleted_already() {
    let (_server, store) = store().await;
    assert!(content(&store, &key()).await.is_none());
    store.delete(&key()).await.expect("nothing to do");
}

#[tokio::test]
async fn a_deleted_blob_is_absent() {
    let (server, store) = store().await;
    let mut meter = metered(ChunkSource::new([PNG]));
    store.write(&key(), &mut meter).await.expect("written");
    store.delete(&key()).await.expect("deleted");
    assert!(content(&store, &key()).await.is_none());
    assert!(server.images().is_empty());
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing_and_says_why() {
    let (server, store) = store().await;
    for length in [100, 2 * PART + 100] {
        let mut broken = metered(LongSource::breaking_off(length));
        let outcome = store.write(&key(), &mut broken).await;
        assert!(matches!(
            outcome,
            Err(BlobError::Source(SourceError::Interrupted))
        ));
        assert!(server.images().is_empty(), "{:?}", server.images());
    }
    let limit = 2 * PART as u64;
    let mut large = ContentMeter::new(Box::new(LongSource::new(3 * PART)), limit);
    let outcome = store.write(&key(), &mut large).await;
    assert!(matches!(
        outcome,
        Err(BlobError::Source(SourceError::TooLarge { .. }))
    ));
    assert!(server.images().is_empty(), "{:?}", server.images());
}

#[tokio::test]
async fn a_failed_write_keeps_the_blob_that_was_there() {
    let (_server, store) = store().await;
    let mut meter = metered(ChunkSource::new([PNG]));
    store.write(&key(), &mut meter).await.expect("written");
    let mut broken = metered(LongSource::breaking_off(PART + 1));
    store.write(&key(), &mut broken).await.expect_err("broken");
    assert_eq!(content(&store, &key()).await.expect("there"), PNG);
}

/// Goes on with a source that stalls for ever at its end.
struct StalledSource {
    begun: LongSource,
    stalls: Arc<Notify>,
}

#[async_trait]
impl ByteSource for StalledSource {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, SourceError> {
        if let Some(chunk) = self.begun.next_chunk().await? {
            return Ok(Some(chunk));
        }
        self.stalls.notify_one();
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_dropped_write_leaves_no_parts() {
    let (server, store) = store().await;
    let stalls = Arc::new(Notify::new());
    let mut meter = metered(StalledSource {
        begun: LongSource::new(2 * PART + 1),
        stalls: stalls.clone(),
    });
    let key = key();
    tokio::select! {
        _ = store.write(&key, &mut meter) => panic!("the write ended"),
        () = stalls.notified() => assert!(!server.images().is_empty()),
    }
    let deadline = Instant::now() + Duration::from_secs(15);
    while !server.images().is_empty() {
        assert!(Instant::now() < deadline, "{:?}", server.images());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn keys_that_lead_elsewhere_are_refused() {
    let (server, store) = store().await;
    for text in [
        "",
        "/etc/passwd",
        "../secret",
        "images/../../secret",
        "images//x",
        "a\0b",
        "A",
    ] {
        let key = BlobKey::from_stored(text.to_owned());
        let mut meter = metered(ChunkSource::new([PNG]));
        let outcome = store.write(&key, &mut meter).await;
        assert!(matches!(outcome, Err(BlobError::Unavailable(_))), "{text:?}");
        assert!(
            store.read(&key).await.is_err() && store.delete(&key).await.is_err(),
            "{text:?}"
        );
    }
    assert!(server.images().is_empty());
}

#[tokio::test]
async fn the_mark_of_the_probe_comes_back_where_somebody_removed_it() {
    let (server, store) = store().await;
    store.probe().await.expect("a bucket");
    let mark = server.bucket().join("ocellus/blobs/ocellus-probe");
    std::fs::remove_file(&mark).expect("a mark");
    store.probe().await.expect("a bucket");
    assert!(mark.is_file());
}

#[tokio::test]
async fn every_object_below_the_prefix_is_listed_once() {
    let (server, store) = store().await;
    let mut expected: Vec<_> = (0..1200_u128)
        .map(|number| BlobKey::of_image(ImageId(Uuid::from_u128(number))))
        .collect();
    for key in &expected {
        let path = server.bucket().join("ocellus/blobs").join(key.as_str());
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        std::fs::write(path, PNG).expect("writable");
    }
    std::fs::write(server.bucket().join("elsewhere"), PNG).expect("writable");
    let mut listing = store.list().await.expect("a listing");
    let mut found = Vec::new();
    while let Some(page) = listing.next_page().await.expect("a page") {
        assert!((1..=1000).contains(&page.len()), "{}", page.len());
        found.extend(page.into_iter().filter(|key| key.image().is_some()));
    }
    expected.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    found.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_listing_that_fails_is_unavailable_and_not_short() {
    let (server, store) = store().await;
    drop(server);
    let mut listing = store.list().await.expect("nothing is asked yet");
    let failure = listing.next_page().await.expect_err("nobody answers");
    assert!(matches!(failure, BlobError::Unavailable(_)));
}
