use super::*;
use crate::ErrorCode;
use crate::fixtures::{self, FACTS, PNG_START, languages};
use domain::{
    images::{MockImageInspector, test_support::ChunkSource},
    operations::StoredResponse,
    store::test_support::{MockRepositories, MockStore},
};
use futures_util::FutureExt;
use uuid::Uuid;

const LIMIT: u64 = 5;
const ATTEMPT: Uuid = Uuid::from_u128(11);

/// A store with the owner's image.
fn with_image() -> MockStore {
    let mut reads = MockRepositories::default();
    reads.images.expect_find().returning(|owner, id| {
        Ok((owner == fixtures::owner() && id == fixtures::image_id()).then(fixtures::image))
    });
    MockStore::reading(reads)
}

/// The stored task to recognize [`fixtures::image`] in these languages.
fn expected(joined: &str) -> Task {
    let work = TaskWork::Ocr {
        languages: languages(joined),
    };
    let id = TaskId(Uuid::from_u128(7));
    Task::new(id, &fixtures::image(), work, fixtures::now())
}

fn adding(task: Task, added: Result<bool, StoreError>) -> MockRepositories {
    let mut work = MockRepositories::default();
    work.tasks
        .expect_insert()
        .withf(move |given, limit| *given == task && *limit == Some(LIMIT))
        .times(1)
        .return_once(|_, _| added);
    work
}

fn adding_while_the_image_stays(task: Task) -> MockRepositories {
    let mut work = adding(task, Ok(true));
    work.images
        .expect_find()
        .times(1)
        .returning(|_, _| Ok(Some(fixtures::image())));
    work
}

fn submissions(store: &Arc<MockStore>) -> Submissions {
    let mut inspector = MockImageInspector::new();
    inspector.expect_inspect().returning(|_, _| Ok(FACTS));
    Submissions {
        context: fixtures::context(store),
        uploads: fixtures::uploads(store, inspector),
        recognizer: fixtures::recognizer(store, fixtures::engine()),
        classifier: fixtures::image_classifier(vec![fixtures::classifier("eyes", "1")]),
        signals: Arc::default(),
        in_flight_limit: Some(LIMIT),
    }
}

fn ocr(joined: &str) -> TaskRequest {
    TaskRequest::Ocr(Some(languages(joined)))
}

fn guard() -> IdempotencyGuard<Task> {
    IdempotencyGuard::new(fixtures::key(), ATTEMPT, |task: &Task| {
        fixtures::answer(&task.id.to_string())
    })
}

async fn submit(
    service: &Submissions,
    request: TaskRequest,
    guard: Option<&IdempotencyGuard<Task>>,
) -> Result<Task, Error> {
    let (owner, image) = (fixtures::owner(), fixtures::image_id());
    service.submit(owner, image, request, guard).await
}

fn notified(service: &Submissions) -> bool {
    service.signals.ready().now_or_never().is_some()
}

/// Submits a request that must be rejected: nothing is committed, and no worker notified.
async fn rejected(store: MockStore, request: TaskRequest, guard: Option<&IdempotencyGuard<Task>>) -> Error {
    let store = Arc::new(store);
    let service = submissions(&store);
    let error = submit(&service, request, guard).await.expect_err("rejected");
    assert_eq!((store.commits(), notified(&service)), (0, false));
    error
}

#[tokio::test]
async fn a_task_is_stored_with_its_languages_and_a_worker_notified() {
    let task = expected("spa+eng");
    let store = Arc::new(with_image().then_work(adding_while_the_image_stays(task.clone())));
    let service = submissions(&store);
    let outcome = submit(&service, ocr("spa+eng"), None).await;
    assert_eq!(outcome.expect("queued"), task);
    assert_eq!((store.commits(), notified(&service)), (1, true));
}

#[tokio::test]
async fn a_request_without_languages_stores_the_default_ones() {
    let store = Arc::new(with_image().then_work(adding_while_the_image_stays(expected("eng"))));
    let outcome = submit(&submissions(&store), TaskRequest::Ocr(None), None).await;
    assert_eq!(outcome.expect("queued"), expected("eng"));
}

#[tokio::test]
async fn no_worker_is_notified_before_the_commit() {
    let store = with_image().then_failing_commit(adding_while_the_image_stays(expected("eng")));
    assert_eq!(
        rejected(store, ocr("eng"), None).await.code(),
        ErrorCode::Unavailable
    );
}

#[tokio::test]
async fn an_unknown_image_and_another_users_are_not_found() {
    let (other_user, other_image) = (UserId(Uuid::from_u128(2)), ImageId(Uuid::from_u128(3)));
    for (owner, image) in [
        (fixtures::owner(), other_image),
        (other_user, fixtures::image_id()),
    ] {
        let store = Arc::new(with_image());
        let outcome = submissions(&store).submit(owner, image, ocr("eng"), None).await;
        assert_eq!(outcome.expect_err("absent").code(), ErrorCode::NotFound);
    }
}

#[tokio::test]
async fn an_unavailable_language_is_rejected() {
    let error = rejected(with_image(), ocr("eng+zzz"), None).await;
    assert_eq!(error.code(), ErrorCode::UnsupportedLanguage);
}

fn model(text: &str) -> ModelReference {
    ModelReference::parse(text).expect("a reference")
}

#[tokio::test]
async fn a_prediction_is_queued_for_the_requested_model_or_the_default_one() {
    for (asked, stored) in [(None, "eyes"), (Some("eyes"), "eyes"), (Some("eyes@1"), "eyes@1")] {
        let work = TaskWork::Prediction { model: model(stored) };
        let task = Task::new(expected("eng").id, &fixtures::image(), work, fixtures::now());
        let store = Arc::new(with_image().then_work(adding_while_the_image_stays(task.clone())));
        let request = TaskRequest::Prediction(asked.map(model));
        let outcome = submit(&submissions(&store), request, None).await;
        assert_eq!(outcome.expect("queued"), task);
    }
}

#[tokio::test]
async fn a_prediction_of_an_unknown_model_is_rejected() {
    let request = TaskRequest::Prediction(Some(model("ears")));
    let error = rejected(with_image(), request, None).await;
    assert_eq!(error.code(), ErrorCode::UnknownModel);
    let store = Arc::new(with_image());
    let service = Submissions {
        classifier: fixtures::image_classifier(vec![]),
        ..submissions(&store)
    };
    let outcome = submit(&service, TaskRequest::Prediction(None), None).await;
    assert_eq!(outcome.expect_err("rejected").code(), ErrorCode::ModelNotLoaded);
}

#[tokio::test]
async fn the_limit_of_unfinished_tasks_is_reported() {
    let store = with_image().then_work(adding(expected("eng"), Ok(false)));
    let error = rejected(store, ocr("eng"), None).await;
    assert!(matches!(error, Error::TooManyTasks { limit: LIMIT }), "{error:?}");
}

#[tokio::test]
async fn a_deleted_user_is_unauthenticated() {
    let store = with_image().then_work(adding(expected("eng"), Err(StoreError::OwnerDeleted)));
    assert_eq!(
        rejected(store, ocr("eng"), None).await.code(),
        ErrorCode::Unauthenticated
    );
}

#[tokio::test]
async fn an_image_that_is_deleted_meanwhile_gets_no_task() {
    let mut work = adding(expected("eng"), Ok(true));
    work.images.expect_find().times(1).returning(|_, _| Ok(None));
    let error = rejected(with_image().then_work(work), ocr("eng"), Some(&guard())).await;
    assert_eq!(error.code(), ErrorCode::NotFound);
}

fn storing_response(kept: bool) -> MockRepositories {
    let mut work = adding_while_the_image_stays(expected("eng"));
    let answer: StoredResponse = fixtures::answer(&expected("eng").id.to_string());
    work.idempotency_keys
        .expect_store_response()
        .withf(move |key, attempt, given| *key == fixtures::key() && *attempt == ATTEMPT && *given == answer)
        .times(1)
        .returning(move |_, _, _| Ok(kept));
    work
}

#[tokio::test]
async fn the_response_is_stored_in_the_commit_that_stores_the_task() {
    let store = Arc::new(with_image().then_work(storing_response(true)));
    let outcome = submit(&submissions(&store), ocr("eng"), Some(&guard())).await;
    outcome.expect("queued");
    assert_eq!(store.commits(), 1);
}

#[tokio::test]
async fn a_request_whose_key_was_taken_over_stores_nothing() {
    let store = with_image().then_work(storing_response(false));
    let error = rejected(store, ocr("eng"), Some(&guard())).await;
    assert_eq!(error.code(), ErrorCode::IdempotencyConflict);
}

/// A store with room for the image, whose first transaction reserves the blob.
fn reserved() -> MockStore {
    let mut reads = MockRepositories::default();
    reads.images.expect_fits_quota().returning(|_, _, _| Ok(true));
    let mut work = MockRepositories::default();
    work.blob_deletions
        .expect_schedule()
        .withf(|_, due_at| *due_at > fixtures::now())
        .times(1)
        .returning(|_, _| Ok(()));
    MockStore::reading(reads).then_work(work)
}

/// A transaction that schedules the blob for deletion at once.
fn abandoning() -> MockRepositories {
    let mut work = MockRepositories::default();
    work.blob_deletions
        .expect_schedule()
        .withf(|key, due_at| *key == fixtures::image().blob_key() && *due_at == fixtures::now())
        .times(1)
        .returning(|_, _| Ok(()));
    work
}

/// A transaction that inserts the image, and the task with this result.
fn adding_upload(added: Result<bool, StoreError>) -> MockRepositories {
    let mut work = MockRepositories::default();
    work.images
        .expect_insert()
        .withf(|image, _| image.id == fixtures::image_id())
        .times(1)
        .returning(|_, _| Ok(true));
    work.blob_deletions
        .expect_cancel()
        .times(1)
        .returning(|_, _| Ok(true));
    work.tasks
        .expect_insert()
        .withf(|task, limit| *task == expected("spa") && *limit == Some(LIMIT))
        .times(1)
        .return_once(|_, _| added);
    work
}

async fn submit_upload(
    service: &Submissions,
    joined: &str,
    guard: Option<&IdempotencyGuard<Task>>,
) -> Result<Task, Error> {
    let upload = fixtures::upload(ChunkSource::new([PNG_START]));
    service
        .submit_upload(upload, Some(languages(joined)), guard)
        .await
}

/// Submits an upload that must be rejected at the end: only the reservation and the discard of the blob are committed.
async fn rejected_upload(work: MockRepositories, guard: Option<&IdempotencyGuard<Task>>) -> Error {
    let store = Arc::new(reserved().then_work(work).then_work(abandoning()));
    let service = submissions(&store);
    let error = submit_upload(&service, "spa", guard).await.expect_err("rejected");
    assert_eq!((store.commits(), notified(&service)), (2, false));
    error
}

#[tokio::test]
async fn one_commit_adds_the_image_and_its_task_and_a_worker_is_notified() {
    let store = Arc::new(reserved().then_work(adding_upload(Ok(true))));
    let service = submissions(&store);
    let task = submit_upload(&service, "spa", None).await.expect("queued");
    assert_eq!(task, expected("spa"));
    assert_eq!((store.commits(), notified(&service)), (2, true));
}

#[tokio::test]
async fn an_unavailable_language_is_rejected_before_a_byte_is_received() {
    // The store is not used: the quota is not read, and no blob is reserved.
    let store = Arc::new(MockStore::default());
    let outcome = submit_upload(&submissions(&store), "spa+zzz", None).await;
    assert_eq!(
        outcome.expect_err("rejected").code(),
        ErrorCode::UnsupportedLanguage
    );
}

#[tokio::test]
async fn an_upload_over_the_task_limit_adds_nothing_and_discards_its_blob() {
    let error = rejected_upload(adding_upload(Ok(false)), None).await;
    assert!(matches!(error, Error::TooManyTasks { limit: LIMIT }), "{error:?}");
}

#[tokio::test]
async fn an_upload_of_a_deleted_user_adds_nothing_and_discards_its_blob() {
    let error = rejected_upload(adding_upload(Err(StoreError::OwnerDeleted)), None).await;
    assert_eq!(error.code(), ErrorCode::Unauthenticated);
}

#[tokio::test]
async fn a_commit_with_an_unknown_outcome_keeps_the_blob_until_the_window_ends() {
    let store = Arc::new(reserved().then_failing_commit(adding_upload(Ok(true))));
    let service = submissions(&store);
    let error = submit_upload(&service, "spa", None).await.expect_err("down");
    assert_eq!(
        (error.code(), notified(&service)),
        (ErrorCode::Unavailable, false)
    );
    assert_eq!(store.commits(), 1, "the blob of an image that may exist is kept");
}

fn storing_upload_response(kept: bool) -> MockRepositories {
    let mut work = adding_upload(Ok(true));
    work.idempotency_keys
        .expect_store_response()
        .withf(|key, _, answer| {
            *key == fixtures::key() && *answer == fixtures::answer(&expected("spa").id.to_string())
        })
        .times(1)
        .returning(move |_, _, _| Ok(kept));
    work
}

#[tokio::test]
async fn the_response_is_stored_in_the_commit_that_adds_image_and_task() {
    let store = Arc::new(reserved().then_work(storing_upload_response(true)));
    let outcome = submit_upload(&submissions(&store), "spa", Some(&guard())).await;
    outcome.expect("queued");
    assert_eq!(store.commits(), 2);
}

#[tokio::test]
async fn an_upload_whose_key_was_taken_over_adds_nothing_and_discards_its_blob() {
    let error = rejected_upload(storing_upload_response(false), Some(&guard())).await;
    assert_eq!(error.code(), ErrorCode::IdempotencyConflict);
}
