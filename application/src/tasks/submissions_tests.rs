use super::*;
use crate::ErrorCode;
use crate::fixtures::{self, languages};
use domain::{
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

/// What is stored when [`fixtures::image`] is to be read in these languages.
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

fn submitting(store: &Arc<MockStore>) -> SubmitTask {
    SubmitTask {
        store: store.clone(),
        reader: fixtures::reader(store, fixtures::engine()),
        classifier: fixtures::image_classifier(vec![fixtures::classifier("eyes", "1")]),
        clock: fixtures::clock(),
        ids: fixtures::ids(),
        signals: Arc::default(),
        in_flight_limit: Some(LIMIT),
    }
}

fn ocr(joined: &str) -> TaskRequest {
    TaskRequest::Ocr(Some(languages(joined)))
}

fn receipt() -> IdempotencyGuard<Task> {
    IdempotencyGuard::new(fixtures::key(), ATTEMPT, |task: &Task| {
        fixtures::answer(&task.id.to_string())
    })
}

async fn submit(
    use_case: &SubmitTask,
    request: TaskRequest,
    receipt: Option<&IdempotencyGuard<Task>>,
) -> Result<Task, Error> {
    let (owner, image) = (fixtures::owner(), fixtures::image_id());
    use_case.execute(owner, image, request, receipt).await
}

fn rung(use_case: &SubmitTask) -> bool {
    use_case.signals.rung().now_or_never().is_some()
}

/// Submits what must be refused: nothing may be committed and nobody rung.
async fn refused(store: MockStore, request: TaskRequest, receipt: Option<&IdempotencyGuard<Task>>) -> Error {
    let store = Arc::new(store);
    let use_case = submitting(&store);
    let error = submit(&use_case, request, receipt).await.expect_err("refused");
    assert_eq!((store.commits(), rung(&use_case)), (0, false));
    error
}

#[tokio::test]
async fn a_task_is_stored_with_its_languages_and_a_worker_rung() {
    let task = expected("spa+eng");
    let store = Arc::new(with_image().then_work(adding_while_the_image_stays(task.clone())));
    let use_case = submitting(&store);
    let outcome = submit(&use_case, ocr("spa+eng"), None).await;
    assert_eq!(outcome.expect("queued"), task);
    assert_eq!((store.commits(), rung(&use_case)), (1, true));
}

#[tokio::test]
async fn a_request_that_names_no_language_stores_the_default_ones() {
    let store = Arc::new(with_image().then_work(adding_while_the_image_stays(expected("eng"))));
    let outcome = submit(&submitting(&store), TaskRequest::Ocr(None), None).await;
    assert_eq!(outcome.expect("queued"), expected("eng"));
}

#[tokio::test]
async fn nobody_is_rung_for_a_task_that_was_not_committed() {
    let store = with_image().then_failing_commit(adding_while_the_image_stays(expected("eng")));
    assert_eq!(
        refused(store, ocr("eng"), None).await.code(),
        ErrorCode::Unavailable
    );
}

#[tokio::test]
async fn an_unknown_image_and_somebody_elses_are_absent() {
    let (other_user, other_image) = (UserId(Uuid::from_u128(2)), ImageId(Uuid::from_u128(3)));
    for (owner, image) in [
        (fixtures::owner(), other_image),
        (other_user, fixtures::image_id()),
    ] {
        let store = Arc::new(with_image());
        let outcome = submitting(&store).execute(owner, image, ocr("eng"), None).await;
        assert_eq!(outcome.expect_err("absent").code(), ErrorCode::NotFound);
    }
}

#[tokio::test]
async fn a_language_that_is_not_available_is_refused() {
    let error = refused(with_image(), ocr("eng+zzz"), None).await;
    assert_eq!(error.code(), ErrorCode::UnsupportedLanguage);
}

fn model(text: &str) -> ModelReference {
    ModelReference::parse(text).expect("a reference")
}

#[tokio::test]
async fn a_prediction_is_queued_for_the_model_that_is_asked_for_or_the_default_one() {
    for (asked, stored) in [(None, "eyes"), (Some("eyes"), "eyes"), (Some("eyes@1"), "eyes@1")] {
        let work = TaskWork::Prediction { model: model(stored) };
        let task = Task::new(expected("eng").id, &fixtures::image(), work, fixtures::now());
        let store = Arc::new(with_image().then_work(adding_while_the_image_stays(task.clone())));
        let request = TaskRequest::Prediction(asked.map(model));
        let outcome = submit(&submitting(&store), request, None).await;
        assert_eq!(outcome.expect("queued"), task);
    }
}

#[tokio::test]
async fn a_prediction_of_a_model_that_there_is_not_is_refused() {
    let request = TaskRequest::Prediction(Some(model("ears")));
    let error = refused(with_image(), request, None).await;
    assert_eq!(error.code(), ErrorCode::UnknownModel);
    let store = Arc::new(with_image());
    let use_case = SubmitTask {
        classifier: fixtures::image_classifier(vec![]),
        ..submitting(&store)
    };
    let outcome = submit(&use_case, TaskRequest::Prediction(None), None).await;
    assert_eq!(outcome.expect_err("refused").code(), ErrorCode::ModelNotLoaded);
}

#[tokio::test]
async fn a_user_with_as_many_unfinished_tasks_as_he_may_have_is_told_the_limit() {
    let store = with_image().then_work(adding(expected("eng"), Ok(false)));
    let error = refused(store, ocr("eng"), None).await;
    assert!(matches!(error, Error::TooManyTasks { limit: LIMIT }), "{error:?}");
}

#[tokio::test]
async fn a_user_who_is_gone_is_not_known_any_more() {
    let store = with_image().then_work(adding(expected("eng"), Err(StoreError::OwnerDeleted)));
    assert_eq!(
        refused(store, ocr("eng"), None).await.code(),
        ErrorCode::Unauthenticated
    );
}

#[tokio::test]
async fn an_image_that_is_deleted_meanwhile_gets_no_task() {
    let mut work = adding(expected("eng"), Ok(true));
    work.images.expect_find().times(1).returning(|_, _| Ok(None));
    let error = refused(with_image().then_work(work), ocr("eng"), Some(&receipt())).await;
    assert_eq!(error.code(), ErrorCode::NotFound);
}

fn keeping(kept: bool) -> MockRepositories {
    let mut work = adding_while_the_image_stays(expected("eng"));
    let answer: StoredResponse = fixtures::answer(&expected("eng").id.to_string());
    work.idempotency_keys
        .expect_keep()
        .withf(move |key, attempt, given| *key == fixtures::key() && *attempt == ATTEMPT && *given == answer)
        .times(1)
        .returning(move |_, _, _| Ok(kept));
    work
}

#[tokio::test]
async fn the_answer_is_kept_in_the_commit_that_stores_the_task() {
    let store = Arc::new(with_image().then_work(keeping(true)));
    let outcome = submit(&submitting(&store), ocr("eng"), Some(&receipt())).await;
    outcome.expect("queued");
    assert_eq!(store.commits(), 1);
}

#[tokio::test]
async fn a_request_that_lost_its_key_to_a_repetition_stores_nothing() {
    let store = with_image().then_work(keeping(false));
    let error = refused(store, ocr("eng"), Some(&receipt())).await;
    assert_eq!(error.code(), ErrorCode::IdempotencyConflict);
}
