use super::*;
use crate::ErrorCode;
use crate::fixtures;
use domain::{
    BoxError,
    images::{BlobError, MockBlobListing, MockBlobStore, test_support::ChunkSource},
    store::test_support::{MockRepositories, MockStore},
};
use std::sync::Mutex;
use uuid::Uuid;

fn image(number: u128) -> ImageId {
    ImageId(Uuid::from_u128(number))
}

fn key(number: u128) -> BlobKey {
    BlobKey::of_image(image(number))
}

fn listing(pages: Vec<Vec<BlobKey>>) -> MockBlobStore {
    let mut blobs = MockBlobStore::new();
    blobs.expect_list().return_once(move || {
        let mut listing = MockBlobListing::new();
        let mut pages = pages.into_iter();
        listing.expect_next_page().returning(move || Ok(pages.next()));
        Ok(Box::new(listing))
    });
    blobs
}

/// Reads of these images and these scheduled blobs.
fn rows(images: &'static [u128], scheduled: &'static [u128]) -> MockRepositories {
    let mut reads = MockRepositories::default();
    reads.images.expect_existing().returning(|asked| {
        let there = |id: &ImageId| images.iter().any(|number| image(*number) == *id);
        Ok(asked.iter().copied().filter(there).collect())
    });
    reads.images.expect_ids_after().returning(|after, _| {
        let rest = images.iter().copied().map(image);
        Ok(rest.filter(|id| after.is_none_or(|last| id.0 > last.0)).collect())
    });
    reads.blob_deletions.expect_scheduled().returning(|asked| {
        let there = |asked: &BlobKey| scheduled.iter().any(|number| key(*number) == *asked);
        Ok(asked.iter().filter(|key| there(key)).cloned().collect())
    });
    reads
}

fn scheduling(expected: &'static [u128]) -> MockRepositories {
    let mut work = MockRepositories::default();
    work.blob_deletions
        .expect_schedule()
        .withf(|scheduled, due| {
            expected.iter().any(|number| key(*number) == *scheduled) && *due == fixtures::now()
        })
        .times(expected.len())
        .returning(|_, _| Ok(()));
    work
}

async fn reconcile(
    store: &Arc<MockStore>,
    blobs: MockBlobStore,
    dry_run: bool,
) -> Result<Reconciliation, Error> {
    let sweep = BlobSweep::new(fixtures::context(store), Arc::new(blobs));
    sweep.reconcile(dry_run).await
}

#[tokio::test]
async fn orphans_are_scheduled_for_deletion_unless_they_are_already() {
    let store = MockStore::reading(rows(&[1, 2], &[3]));
    let store = Arc::new(store.then_work(scheduling(&[4, 5])));
    let blobs = listing(vec![vec![key(1), key(2), key(3)], vec![key(4), key(5)]]);
    let found = reconcile(&store, blobs, false).await.expect("compared");
    let expected = Reconciliation {
        blobs: 5,
        orphans: 2,
        lost: vec![],
    };
    assert_eq!((found, store.commits()), (expected, 1));
}

#[tokio::test]
async fn a_dry_run_changes_nothing() {
    let store = Arc::new(MockStore::reading(rows(&[], &[])));
    let found = reconcile(&store, listing(vec![vec![key(4)]]), true).await;
    assert_eq!((found.expect("compared").orphans, store.commits()), (1, 0));
}

#[tokio::test]
async fn foreign_blobs_are_ignored() {
    let store = Arc::new(MockStore::reading(rows(&[], &[])));
    let foreign = BlobKey::from_stored("ocellus-probe".to_owned());
    let found = reconcile(&store, listing(vec![vec![foreign]]), false).await;
    assert_eq!(found.expect("compared"), Reconciliation::default());
}

#[tokio::test]
async fn images_without_a_blob_are_reported_unless_it_was_written_after_the_listing() {
    let store = Arc::new(MockStore::reading(rows(&[1, 2, 3], &[])));
    let mut blobs = listing(vec![vec![key(1)]]);
    blobs.expect_read().returning(|asked| {
        let source = ChunkSource::new([fixtures::PNG_START]);
        Ok((*asked == key(3)).then(|| Box::new(source) as Box<_>))
    });
    let found = reconcile(&store, blobs, false).await.expect("compared");
    assert_eq!(found.lost, [image(2)]);
}

#[tokio::test]
async fn a_failed_listing_is_an_error() {
    let store = Arc::new(MockStore::reading(rows(&[1], &[])));
    let mut blobs = MockBlobStore::new();
    blobs.expect_list().return_once(|| {
        let mut listing = MockBlobListing::new();
        listing
            .expect_next_page()
            .returning(|| Err(BlobError::Unavailable(BoxError::from("down"))));
        Ok(Box::new(listing))
    });
    let failure = reconcile(&store, blobs, false).await.expect_err("down");
    assert_eq!(failure.code(), ErrorCode::Unavailable);
}

fn named(name: &str) -> BlobKey {
    BlobKey::from_stored(name.to_owned())
}

fn with_due(rounds: Vec<Vec<BlobKey>>) -> MockStore {
    let rounds = Mutex::new(rounds.into_iter());
    let mut reads = MockRepositories::default();
    reads
        .blob_deletions
        .expect_due()
        .withf(|now, _| *now == fixtures::now())
        .returning(move |_, _| Ok(rounds.lock().expect("unpoisoned").next().expect("one more round")));
    MockStore::reading(reads)
}

fn removing() -> MockRepositories {
    let mut work = MockRepositories::default();
    work.blob_deletions.expect_remove().times(1).returning(|_| Ok(()));
    work
}

#[tokio::test]
async fn all_due_blobs_are_deleted_and_then_their_rows() {
    let rounds = vec![vec![named("a"), named("b")], vec![named("c")], vec![]];
    let works = with_due(rounds)
        .then_work(removing())
        .then_work(removing())
        .then_work(removing());
    let store = Arc::new(works);
    let mut blobs = MockBlobStore::new();
    blobs.expect_delete().times(3).returning(|_| Ok(()));
    let sweep = BlobSweep::new(fixtures::context(&store), Arc::new(blobs));
    assert_eq!(sweep.delete_due().await.expect("swept"), 3);
    assert_eq!(store.commits(), 3);
}

#[tokio::test]
async fn a_blob_that_cannot_be_deleted_keeps_its_row() {
    let store = Arc::new(with_due(vec![vec![named("a")]]));
    let mut blobs = MockBlobStore::new();
    blobs
        .expect_delete()
        .returning(|_| Err(BlobError::Unavailable(BoxError::from("down"))));
    let sweep = BlobSweep::new(fixtures::context(&store), Arc::new(blobs));
    assert_eq!(
        sweep.delete_due().await.expect_err("down").code(),
        ErrorCode::Unavailable
    );
    assert_eq!(store.commits(), 0);
}
