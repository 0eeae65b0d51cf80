use super::*;
use crate::ErrorCode;
use crate::fixtures::{self, FACTS, PNG_START, languages};
use domain::{
    images::{MockImageInspector, test_support::ChunkSource},
    store::{
        StoreError,
        test_support::{MockRepositories, MockStore},
    },
};
use futures_util::FutureExt;
use uuid::Uuid;

const LIMIT: u64 = 5;

/// A store with room for the image, whose first unit of work reserves the blob.
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

/// A unit of work that schedules the blob to go at once.
fn abandoning() -> MockRepositories {
    let mut work = MockRepositories::default();
    work.blob_deletions
        .expect_schedule()
        .withf(|key, due_at| *key == fixtures::image().blob_key() && *due_at == fixtures::now())
        .times(1)
        .returning(|_, _| Ok(()));
    work
}

/// A unit of work that takes the image, and the task with this outcome.
fn adding(added: Result<bool, StoreError>) -> MockRepositories {
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
        .withf(|task, limit| *task == expected() && *limit == Some(LIMIT))
        .times(1)
        .return_once(|_, _| added);
    work
}

/// The task to read the uploaded image in Spanish.
fn expected() -> Task {
    let work = TaskWork::Ocr {
        languages: languages("spa"),
    };
    let id = TaskId(Uuid::from_u128(7));
    Task::new(id, &fixtures::image(), work, fixtures::now())
}

fn submitting(store: &Arc<MockStore>) -> SubmitUpload {
    let mut inspector = MockImageInspector::new();
    inspector.expect_inspect().returning(|_, _| Ok(FACTS));
    SubmitUpload {
        intake: fixtures::intake(store, inspector),
        reader: fixtures::reader(store, fixtures::engine()),
        clock: fixtures::clock(),
        ids: fixtures::ids(),
        signals: Arc::default(),
        in_flight_limit: Some(LIMIT),
    }
}

fn receipt() -> IdempotencyGuard<Task> {
    IdempotencyGuard::new(fixtures::key(), Uuid::from_u128(11), |task: &Task| {
        fixtures::answer(&task.id.to_string())
    })
}

async fn submit(
    use_case: &SubmitUpload,
    joined: &str,
    receipt: Option<&IdempotencyGuard<Task>>,
) -> Result<Task, Error> {
    let upload = fixtures::upload(ChunkSource::new([PNG_START]));
    use_case.execute(upload, Some(languages(joined)), receipt).await
}

fn rung(use_case: &SubmitUpload) -> bool {
    use_case.signals.rung().now_or_never().is_some()
}

/// Submits what must be refused after the upload: only the reservation and its end may be committed.
async fn refused(work: MockRepositories, receipt: Option<&IdempotencyGuard<Task>>) -> Error {
    let store = Arc::new(reserved().then_work(work).then_work(abandoning()));
    let use_case = submitting(&store);
    let error = submit(&use_case, "spa", receipt).await.expect_err("refused");
    assert_eq!((store.commits(), rung(&use_case)), (2, false));
    error
}

#[tokio::test]
async fn the_image_and_its_task_are_added_in_one_commit_and_a_worker_is_rung() {
    let store = Arc::new(reserved().then_work(adding(Ok(true))));
    let use_case = submitting(&store);
    let task = submit(&use_case, "spa", None).await.expect("queued");
    assert_eq!(task, expected());
    assert_eq!((store.commits(), rung(&use_case)), (2, true));
}

#[tokio::test]
async fn a_language_that_is_not_available_is_refused_before_a_byte_is_taken() {
    // Neither the quota is looked at nor a blob reserved.
    let store = Arc::new(MockStore::default());
    let outcome = submit(&submitting(&store), "spa+zzz", None).await;
    assert_eq!(
        outcome.expect_err("refused").code(),
        ErrorCode::UnsupportedLanguage
    );
}

#[tokio::test]
async fn an_upload_past_the_limit_of_tasks_adds_nothing_and_its_blob_goes_at_once() {
    let error = refused(adding(Ok(false)), None).await;
    assert!(matches!(error, Error::TooManyTasks { limit: LIMIT }), "{error:?}");
}

#[tokio::test]
async fn an_upload_of_a_user_who_is_gone_adds_nothing_and_its_blob_goes_at_once() {
    let error = refused(adding(Err(StoreError::OwnerDeleted)), None).await;
    assert_eq!(error.code(), ErrorCode::Unauthenticated);
}

#[tokio::test]
async fn a_commit_whose_end_is_not_known_leaves_the_blob_to_its_reservation() {
    let store = Arc::new(reserved().then_failing_commit(adding(Ok(true))));
    let use_case = submitting(&store);
    let error = submit(&use_case, "spa", None).await.expect_err("down");
    assert_eq!((error.code(), rung(&use_case)), (ErrorCode::Unavailable, false));
    assert_eq!(store.commits(), 1, "what may be added is not taken away");
}

fn keeping(kept: bool) -> MockRepositories {
    let mut work = adding(Ok(true));
    work.idempotency_keys
        .expect_keep()
        .withf(|key, _, answer| {
            *key == fixtures::key() && *answer == fixtures::answer(&expected().id.to_string())
        })
        .times(1)
        .returning(move |_, _, _| Ok(kept));
    work
}

#[tokio::test]
async fn the_answer_is_kept_in_the_commit_that_adds_image_and_task() {
    let store = Arc::new(reserved().then_work(keeping(true)));
    let outcome = submit(&submitting(&store), "spa", Some(&receipt())).await;
    outcome.expect("queued");
    assert_eq!(store.commits(), 2);
}

#[tokio::test]
async fn an_upload_that_lost_its_key_to_a_repetition_adds_nothing_and_its_blob_goes_at_once() {
    let error = refused(keeping(false), Some(&receipt())).await;
    assert_eq!(error.code(), ErrorCode::IdempotencyConflict);
}
