//! What a worker writes down.

use super::*;
use domain::{
    images::ImageError,
    ocr::MockOcrEngine,
    tasks::{MAX_ATTEMPTS, TaskFailure, retry_delay},
};

type Outcome = fn() -> Result<Recognition, OcrError>;

const PASSING: [(Outcome, &str); 3] = [
    (|| Err(OcrError::Timeout), "timeout"),
    (|| Err(OcrError::Busy), "unavailable"),
    (|| Err(OcrError::Unavailable("down".into())), "unavailable"),
];

/// An engine that reads so often, with this outcome.
fn engine(times: usize, outcome: Outcome) -> MockOcrEngine {
    let mut engine = fixtures::engine();
    engine
        .expect_recognize()
        .withf(|kind, _, languages, _| *kind == MediaType::Png && *languages == fixtures::languages("eng"))
        .times(times)
        .returning(move |_, _, _, _| outcome());
    engine
}

fn reading() -> MockOcrEngine {
    engine(1, || Ok(recognition()))
}

/// Works on the one task that is ready; how many units of work were committed beside that of the claim.
async fn work(store: MockStore, engine: MockOcrEngine) -> usize {
    let store = Arc::new(store);
    let count = soon(worker(&store, engine).execute_all()).await.expect("worked");
    assert_eq!((count, store.left()), (1, 0));
    store.commits() - 1
}

/// A unit of work in which the task fails for good with this code.
fn failing(code: &'static str) -> MockRepositories {
    let mut work = MockRepositories::default();
    work.tasks
        .expect_finish()
        .withf(move |given, outcome, _| {
            let is_expected = |failure: &TaskFailure| failure.code == code && !failure.detail.is_empty();
            *given == lease() && matches!(outcome, TaskOutcome::Failed(failure) if is_expected(failure))
        })
        .times(1)
        .returning(|_, _, _| Ok(true));
    work
}

/// A unit of work in which the task is put off, with this code, after its first attempt.
fn postponing(code: &'static str) -> MockRepositories {
    let until = fixtures::now() + retry_delay(fixtures::task().id, 1);
    let mut work = MockRepositories::default();
    work.tasks
        .expect_postpone()
        .withf(move |given, failure, given_until| {
            *given == lease() && failure.code == code && *given_until == until
        })
        .times(1)
        .returning(|_, _, _| Ok(true));
    work
}

#[tokio::test(start_paused = true)]
async fn a_text_is_stored_and_its_task_ended_in_one_commit() {
    assert_eq!(work(with_claimed(1).then_work(succeeding()), reading()).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_text_that_is_stored_already_is_not_read_again() {
    let mut reads = with_looks([true, false]);
    reads
        .images
        .expect_find()
        .returning(|_, _| Ok(Some(fixtures::image())));
    reads
        .texts
        .expect_find()
        .returning(|_, _| Ok(Some(fixtures::text())));
    let store = MockStore::reading(reads)
        .then_work(claiming(1))
        .then_work(finishing(TaskOutcome::Succeeded, true));
    assert_eq!(work(store, engine(0, || unreachable!("not read"))).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_text_that_somebody_else_stored_first_counts() {
    let taken = Err(StoreError::Conflict(Conflict::Text));
    let store = with_claimed(1)
        .then_work(storing(MockRepositories::default(), taken))
        .then_work(finishing(TaskOutcome::Succeeded, true));
    assert_eq!(work(store, reading()).await, 1);
}

#[tokio::test(start_paused = true)]
async fn what_no_repetition_mends_fails_at_the_first_attempt() {
    let failures: [(Outcome, &str); 3] = [
        (|| Err(ImageError::Corrupt.into()), "image_corrupt"),
        (
            || Err(ImageError::Dimensions { max_pixels: 1 }.into()),
            "image_dimensions",
        ),
        (
            || Err(ImageError::TooManyPages { limit: 1 }.into()),
            "too_many_pages",
        ),
    ];
    for (failure, code) in failures {
        let store = with_claimed(1).then_work(failing(code));
        assert_eq!(work(store, engine(1, failure)).await, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_language_that_is_not_allowed_any_more_fails_the_task() {
    let store = with_claimed(1).then_work(failing("unsupported_language"));
    let mut engine = MockOcrEngine::new();
    engine
        .expect_languages()
        .returning(|| fixtures::languages("spa").iter().cloned().collect());
    assert_eq!(work(store, engine).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_task_whose_image_is_gone_fails() {
    let mut reads = with_looks([true, false]);
    reads.images.expect_find().returning(|_, _| Ok(None));
    let store = MockStore::reading(reads)
        .then_work(claiming(1))
        .then_work(failing("not_found"));
    assert_eq!(work(store, engine(0, || unreachable!("not read"))).await, 1);
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_tried_again_after_a_rest() {
    for (failure, code) in PASSING {
        let store = with_claimed(1).then_work(postponing(code));
        assert_eq!(work(store, engine(1, failure)).await, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_fails_for_good_at_the_last_attempt() {
    for (failure, code) in PASSING {
        let store = with_claimed(MAX_ATTEMPTS).then_work(failing(code));
        assert_eq!(work(store, engine(1, failure)).await, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_text_whose_lease_is_void_is_not_committed() {
    let store = with_claimed(1).then_work(storing(finishing(TaskOutcome::Succeeded, false), Ok(())));
    assert_eq!(work(store, reading()).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_text_whose_image_was_deleted_meanwhile_is_not_committed() {
    let gone = Err(StoreError::OwnerDeleted);
    let store = with_claimed(1).then_work(storing(MockRepositories::default(), gone));
    assert_eq!(work(store, reading()).await, 0);
}

#[tokio::test(start_paused = true)]
async fn an_outcome_is_written_as_soon_as_the_store_is_back() {
    let down = Err(StoreError::Unavailable("down".into()));
    let store = with_claimed(1)
        .then_outage()
        .then_work(storing(MockRepositories::default(), down))
        .then_failing_commit(succeeding())
        .then_work(succeeding());
    let start = Instant::now();
    assert_eq!(work(store, reading()).await, 1);
    assert_eq!(start.elapsed(), RETRY_DELAY * 3);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_not_back_before_a_lease_would_end_is_not_waited_for() {
    let outages = LEASE.as_secs() / RETRY_DELAY.as_secs() + 1;
    let store = (0..outages).fold(with_claimed(1), |store, _| store.then_outage());
    let start = Instant::now();
    assert_eq!(work(store, reading()).await, 0);
    assert_eq!(start.elapsed(), LEASE);
}
