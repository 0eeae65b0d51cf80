use super::*;
use crate::ErrorCode;
use crate::{
    fixtures::{self, FACTS, PNG_START},
    images::UPLOAD_WINDOW,
};
use domain::{
    images::{ImageError, MediaType, MockImageInspector, test_support::ChunkSource},
    store::test_support::{MockRepositories, MockStore},
};
use uuid::Uuid;

fn with_room() -> MockStore {
    let mut reads = MockRepositories::default();
    reads.images.expect_fits_quota().returning(|_, _, _| Ok(true));
    MockStore::reading(reads)
}

fn scheduling(due_at: Timestamp) -> MockRepositories {
    let mut work = MockRepositories::default();
    work.blob_deletions
        .expect_schedule()
        .withf(move |key, due| *key == BlobKey::of_image(fixtures::image_id()) && *due == due_at)
        .times(1)
        .returning(|_, _| Ok(()));
    work
}

fn reserving() -> MockRepositories {
    scheduling(fixtures::now() + UPLOAD_WINDOW)
}

fn abandoning() -> MockRepositories {
    scheduling(fixtures::now())
}

fn adding(added: Result<bool, StoreError>, kept: bool) -> MockRepositories {
    let mut work = MockRepositories::default();
    work.images.expect_insert().times(1).return_once(|_, _| added);
    work.blob_deletions
        .expect_cancel()
        .returning(move |_, _| Ok(kept));
    work
}

fn accepting() -> Arc<MockStore> {
    let store = with_room().then_work(reserving());
    Arc::new(store.then_work(adding(Ok(true), true)))
}

fn inspector(facts: fn() -> Result<ImageFacts, ImageError>) -> MockImageInspector {
    let mut inspector = MockImageInspector::new();
    inspector
        .expect_inspect()
        .withf(|kind, _| *kind == MediaType::Png)
        .returning(move |_, _| facts());
    inspector
}

async fn upload(
    store: &Arc<MockStore>,
    source: ChunkSource,
    facts: fn() -> Result<ImageFacts, ImageError>,
) -> Result<Image, Error> {
    let upload = fixtures::upload(source);
    uploads(store, facts).upload(upload, None).await
}

fn uploads(store: &Arc<MockStore>, facts: fn() -> Result<ImageFacts, ImageError>) -> Arc<Uploads> {
    fixtures::uploads(store, inspector(facts))
}

/// Uploads a file that is rejected: its blob is scheduled for deletion at once, and nothing is added.
async fn rejected(source: ChunkSource, facts: fn() -> Result<ImageFacts, ImageError>) -> ErrorCode {
    let store = Arc::new(with_room().then_work(reserving()).then_work(abandoning()));
    let error = upload(&store, source, facts).await.expect_err("rejected");
    assert_eq!(store.commits(), 2, "one reserves the blob, one discards it");
    error.code()
}

#[tokio::test]
async fn one_commit_adds_the_image_and_keeps_its_blob() {
    let store = accepting();
    let image = upload(&store, ChunkSource::new([PNG_START, b"more"]), || Ok(FACTS))
        .await
        .expect("stored");
    assert_eq!(
        (image.id, image.owner_id),
        (fixtures::image_id(), fixtures::owner())
    );
    assert_eq!((image.width, image.height, image.pages), (4, 3, 1));
    assert_eq!(image.size_bytes, 20);
    assert_eq!(image.media_type, MediaType::Png);
    assert_eq!(image.uploaded_at, fixtures::now());
    assert_eq!(store.commits(), 2);
}

#[tokio::test]
async fn the_size_of_chunks_does_not_matter() {
    let bytes: [&'static [u8]; 12] = std::array::from_fn(|index| &PNG_START[index..=index]);
    let split = upload(&accepting(), ChunkSource::new(bytes), || Ok(FACTS))
        .await
        .expect("stored");
    let whole = upload(&accepting(), ChunkSource::new([&PNG_START[..12]]), || Ok(FACTS))
        .await
        .expect("stored");
    assert_eq!(split, whole);
}

#[tokio::test]
async fn a_file_over_the_limit_is_rejected() {
    let source = ChunkSource::new([PNG_START, &[0; 64]]);
    assert_eq!(
        rejected(source, || unreachable!("not decoded")).await,
        ErrorCode::ImageTooLarge
    );
}

#[tokio::test]
async fn other_files_and_empty_files_are_unsupported() {
    assert_eq!(
        rejected(ChunkSource::new([b"<svg/>"]), || unreachable!("not decoded")).await,
        ErrorCode::UnsupportedImage
    );
    assert_eq!(
        rejected(ChunkSource::new([]), || unreachable!("not decoded")).await,
        ErrorCode::UnsupportedImage
    );
}

#[tokio::test]
async fn an_interrupted_upload_leaves_nothing() {
    let source = ChunkSource::breaking_off([PNG_START]);
    assert_eq!(
        rejected(source, || unreachable!("not decoded")).await,
        ErrorCode::InvalidRequest
    );
}

#[tokio::test]
async fn an_image_that_does_not_decode_is_rejected_with_the_reason() {
    let png = || ChunkSource::new([PNG_START]);
    assert_eq!(
        rejected(png(), || Err(ImageError::Corrupt)).await,
        ErrorCode::ImageCorrupt
    );
    assert_eq!(
        rejected(png(), || Err(ImageError::Dimensions { max_pixels: 1 })).await,
        ErrorCode::ImageDimensions
    );
    assert_eq!(
        rejected(png(), || Err(ImageError::TooManyPages { limit: 1 })).await,
        ErrorCode::TooManyPages
    );
}

#[tokio::test]
async fn a_full_quota_is_reported_before_a_byte_is_received() {
    let mut reads = MockRepositories::default();
    reads.images.expect_fits_quota().returning(|_, _, _| Ok(false));
    let store = Arc::new(MockStore::reading(reads));
    let outcome = upload(&store, ChunkSource::new([PNG_START]), || Ok(FACTS)).await;
    assert_eq!(outcome.expect_err("rejected").code(), ErrorCode::QuotaExceeded);
}

#[tokio::test]
async fn an_image_over_the_quota_or_of_a_deleted_user_is_not_added() {
    for (added, code) in [
        (Ok(false), ErrorCode::QuotaExceeded),
        (Err(StoreError::OwnerDeleted), ErrorCode::Unauthenticated),
    ] {
        let works = with_room()
            .then_work(reserving())
            .then_work(adding(added, true))
            .then_work(abandoning());
        let store = Arc::new(works);
        let outcome = upload(&store, ChunkSource::new([PNG_START]), || Ok(FACTS)).await;
        assert_eq!(outcome.expect_err("rejected").code(), code);
        assert_eq!(store.commits(), 2, "the image itself is not committed");
    }
}

#[tokio::test]
async fn an_upload_after_its_window_is_not_added_because_its_blob_may_be_deleted() {
    let works = with_room()
        .then_work(reserving())
        .then_work(adding(Ok(true), false))
        .then_work(abandoning());
    let store = Arc::new(works);
    let outcome = upload(&store, ChunkSource::new([PNG_START]), || Ok(FACTS)).await;
    assert_eq!(outcome.expect_err("too late").code(), ErrorCode::Timeout);
    assert_eq!(store.commits(), 2);
}

#[tokio::test]
async fn a_commit_with_an_unknown_outcome_keeps_the_blob_until_the_window_ends() {
    let works = with_room()
        .then_work(reserving())
        .then_failing_commit(adding(Ok(true), true));
    let store = Arc::new(works);
    let outcome = upload(&store, ChunkSource::new([PNG_START]), || Ok(FACTS)).await;
    assert_eq!(outcome.expect_err("down").code(), ErrorCode::Unavailable);
    assert_eq!(store.commits(), 1, "the blob of an image that may exist is kept");
}

const ATTEMPT: Uuid = Uuid::from_u128(11);

/// A transaction that adds the image and stores the response if the attempt holds its key.
fn keeping(kept: bool) -> MockRepositories {
    let mut work = adding(Ok(true), true);
    work.idempotency_keys
        .expect_store_response()
        .withf(|key, attempt, answer| {
            (key, *attempt) == (&fixtures::key(), ATTEMPT) && *answer == fixtures::answer("eye.png")
        })
        .times(1)
        .returning(move |_, _, _| Ok(kept));
    work
}

async fn upload_once(store: &Arc<MockStore>) -> Result<Image, Error> {
    let guard = IdempotencyGuard::new(fixtures::key(), ATTEMPT, |image: &Image| {
        fixtures::answer(image.filename.as_str())
    });
    let upload = fixtures::upload(ChunkSource::new([PNG_START]));
    uploads(store, || Ok(FACTS)).upload(upload, Some(&guard)).await
}

#[tokio::test]
async fn the_response_is_stored_in_the_commit_that_adds_the_image() {
    let store = Arc::new(with_room().then_work(reserving()).then_work(keeping(true)));
    upload_once(&store).await.expect("stored");
    assert_eq!(store.commits(), 2);
}

#[tokio::test]
async fn an_upload_whose_key_was_taken_over_adds_nothing() {
    let works = with_room()
        .then_work(reserving())
        .then_work(keeping(false))
        .then_work(abandoning());
    let store = Arc::new(works);
    let error = upload_once(&store).await.expect_err("taken over");
    assert_eq!(
        (error.code(), store.commits()),
        (ErrorCode::IdempotencyConflict, 2)
    );
}
