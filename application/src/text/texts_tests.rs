use super::*;
use crate::ErrorCode;
use crate::fixtures::{self, languages, page};
use domain::{
    images::{BlobStore, ImageError, MediaType, MockBlobStore},
    ocr::{MockOcrEngine, OcrError, Recognition},
    store::test_support::{MockRepositories, MockStore},
};
use std::sync::Mutex;

fn text(engine: &str, languages: LanguageSet) -> Text {
    Text {
        engine: engine.into(),
        languages,
        ..fixtures::text()
    }
}

/// A store with the image. Successive reads of its text return `stored`, and then nothing.
fn with_image(stored: Vec<Option<Text>>) -> MockStore {
    let stored = Mutex::new(stored.into_iter());
    let mut reads = MockRepositories::default();
    reads
        .images
        .expect_find()
        .returning(|owner, _| Ok((owner == fixtures::owner()).then(fixtures::image)));
    reads
        .texts
        .expect_find()
        .returning(move |_, _| Ok(stored.lock().expect("unpoisoned").next().unwrap_or_default()));
    MockStore::reading(reads)
}

fn saving(outcome: fn() -> Result<(), StoreError>) -> MockRepositories {
    let mut work = MockRepositories::default();
    work.texts.expect_insert().times(1).returning(move |_| outcome());
    work
}

type Outcome = fn() -> Result<Recognition, OcrError>;

fn engine(times: usize, outcome: Outcome) -> MockOcrEngine {
    let mut engine = fixtures::engine();
    engine
        .expect_recognize()
        .times(times)
        .withf(|kind, _, _, _| *kind == MediaType::Png)
        .returning(move |_, _, _, _| outcome());
    engine
}

const RECOGNIZED: Outcome = || {
    Ok(Recognition {
        pages: vec![page()],
        engine: "fresh".into(),
        duration_ms: 12,
    })
};

fn texts(store: &Arc<MockStore>, engine: MockOcrEngine) -> Texts {
    texts_from(store, Arc::new(fixtures::readable_blobs()), engine)
}

fn texts_from(store: &Arc<MockStore>, blobs: Arc<dyn BlobStore>, engine: MockOcrEngine) -> Texts {
    let context = fixtures::context(store);
    let recognizer = Recognizer::new(context.clone(), blobs, Arc::new(engine), languages("eng"));
    Texts::new(context, Arc::new(recognizer))
}

async fn read(texts: &Texts, languages: Option<LanguageSet>) -> Result<Text, Error> {
    texts
        .read(fixtures::owner(), fixtures::image_id(), languages)
        .await
}

#[tokio::test]
async fn a_text_is_recognized_and_stored() {
    let store = Arc::new(with_image(vec![]).then_work(saving(|| Ok(()))));
    let outcome = read(&texts(&store, engine(1, RECOGNIZED)), Some(languages("spa+eng"))).await;
    assert_eq!(outcome.expect("read"), text("fresh", languages("spa+eng")));
    assert_eq!(store.commits(), 1);
}

#[tokio::test]
async fn a_request_without_languages_uses_the_default_ones() {
    let store = Arc::new(with_image(vec![]).then_work(saving(|| Ok(()))));
    let outcome = read(&texts(&store, engine(1, RECOGNIZED)), None).await;
    assert_eq!(outcome.expect("read").languages, languages("eng"));
}

#[tokio::test]
async fn a_stored_text_is_not_recognized_again() {
    let store = Arc::new(with_image(vec![Some(text("stored", languages("eng")))]));
    let outcome = read(&texts(&store, engine(0, RECOGNIZED)), None).await;
    assert_eq!(outcome.expect("found").engine, "stored");
}

#[tokio::test]
async fn a_text_that_another_request_stored_meanwhile_is_not_recognized_again() {
    let store = Arc::new(with_image(vec![None, Some(text("stored", languages("eng")))]));
    let outcome = read(&texts(&store, engine(0, RECOGNIZED)), None).await;
    assert_eq!(outcome.expect("found").engine, "stored");
}

#[tokio::test]
async fn a_text_that_another_process_stored_first_is_returned() {
    let found = vec![None, None, Some(text("stored", languages("eng")))];
    let taken = || Err(StoreError::Conflict(Conflict::Text));
    let store = Arc::new(with_image(found).then_work(saving(taken)));
    let outcome = read(&texts(&store, engine(1, RECOGNIZED)), None).await;
    assert_eq!(outcome.expect("found").engine, "stored");
    assert_eq!(store.commits(), 0);
}

#[tokio::test]
async fn an_image_that_is_deleted_during_recognition_is_not_found() {
    let store = Arc::new(with_image(vec![]).then_work(saving(|| Err(StoreError::OwnerDeleted))));
    let outcome = read(&texts(&store, engine(1, RECOGNIZED)), None).await;
    assert_eq!(outcome.expect_err("gone").code(), ErrorCode::NotFound);
}

#[tokio::test]
async fn a_missing_blob_is_an_internal_error_unless_the_image_was_deleted() {
    for (found_again, code) in [
        (None, ErrorCode::NotFound),
        (Some(fixtures::image()), ErrorCode::Internal),
    ] {
        let found = Mutex::new([Some(fixtures::image()), found_again].into_iter());
        let mut reads = MockRepositories::default();
        reads
            .images
            .expect_find()
            .returning(move |_, _| Ok(found.lock().expect("unpoisoned").next().expect("one more read")));
        reads.texts.expect_find().returning(|_, _| Ok(None));
        let store = Arc::new(MockStore::reading(reads));
        let mut blobs = MockBlobStore::new();
        blobs.expect_read().returning(|_| Ok(None));
        let service = texts_from(&store, Arc::new(blobs), engine(0, RECOGNIZED));
        assert_eq!(read(&service, None).await.expect_err("no bytes").code(), code);
    }
}

#[tokio::test]
async fn the_image_of_another_user_is_not_found() {
    let store = Arc::new(with_image(vec![]));
    let service = texts(&store, engine(0, RECOGNIZED));
    let other = UserId(uuid::Uuid::from_u128(2));
    let outcome = service.read(other, fixtures::image_id(), None).await;
    assert_eq!(outcome.expect_err("hidden").code(), ErrorCode::NotFound);
}

#[tokio::test]
async fn an_unknown_language_is_rejected_with_a_list_of_the_available_ones() {
    let store = Arc::new(with_image(vec![]));
    let outcome = read(&texts(&store, engine(0, RECOGNIZED)), Some(languages("eng+zzz"))).await;
    let error = outcome.expect_err("refused");
    assert_eq!(error.code(), ErrorCode::UnsupportedLanguage);
    assert_eq!(
        error.to_string(),
        "The language zzz is not available. Available languages: eng, spa."
    );
}

#[tokio::test]
async fn a_failed_recognition_stores_nothing() {
    let failures: [(Outcome, ErrorCode); 3] = [
        (|| Err(OcrError::Timeout), ErrorCode::Timeout),
        (|| Err(OcrError::Busy), ErrorCode::Unavailable),
        (
            || Err(OcrError::Image(ImageError::Corrupt)),
            ErrorCode::ImageCorrupt,
        ),
    ];
    for (failure, code) in failures {
        let store = Arc::new(with_image(vec![]));
        let outcome = read(&texts(&store, engine(1, failure)), None).await;
        assert_eq!(outcome.expect_err("failed").code(), code);
        assert_eq!(store.commits(), 0);
    }
}
