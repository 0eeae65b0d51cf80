use super::*;
use crate::{ErrorCode, fixtures};
use domain::store::{
    Store,
    test_support::{MockRepositories, MockStore},
};
use std::sync::Arc;
use tokio::time::Instant;

/// The id that [`fixtures::ids`] generates.
const ATTEMPT: Uuid = Uuid::from_u128(7);

/// A transaction in which the key is acquired with this result.
fn acquiring(outcome: Result<KeyState, StoreError>) -> MockRepositories {
    let mut work = MockRepositories::default();
    work.idempotency_keys
        .expect_acquire()
        .withf(|key, attempt, now, until| {
            *key == fixtures::key()
                && *attempt == ATTEMPT
                && *now == fixtures::now()
                && *until == fixtures::now() + TimeDelta::minutes(1)
        })
        .times(1)
        .return_once(|_, _, _, _| outcome);
    work
}

fn idempotency(store: &Arc<MockStore>) -> Idempotency {
    Idempotency::new(fixtures::context(store))
}

async fn acquire(store: &Arc<MockStore>) -> Result<Acquisition, Error> {
    idempotency(store).acquire(&fixtures::key()).await
}

#[tokio::test]
async fn the_first_request_acquires_the_key_for_a_minute() {
    let store = Arc::new(MockStore::default().then_work(acquiring(Ok(KeyState::Acquired))));
    assert_eq!(
        acquire(&store).await.expect("first"),
        Acquisition::Acquired(ATTEMPT)
    );
    assert_eq!(store.commits(), 1);
}

#[tokio::test]
async fn a_key_is_not_acquired_without_a_commit() {
    let store = Arc::new(MockStore::default().then_failing_commit(acquiring(Ok(KeyState::Acquired))));
    assert_eq!(
        acquire(&store).await.expect_err("down").code(),
        ErrorCode::Unavailable
    );
}

#[tokio::test]
async fn a_repeated_request_gets_the_stored_response() {
    let answered = KeyState::Completed(fixtures::answer("first"));
    let store = Arc::new(MockStore::default().then_work(acquiring(Ok(answered))));
    let acquisition = acquire(&store).await.expect("found");
    assert_eq!(acquisition, Acquisition::Completed(fixtures::answer("first")));
}

#[tokio::test(start_paused = true)]
async fn a_repetition_waits_while_another_request_holds_the_key() {
    let start = Instant::now();
    let store = MockStore::default()
        .then_work(acquiring(Ok(KeyState::Pending)))
        .then_work(acquiring(Ok(KeyState::Pending)))
        .then_work(acquiring(Ok(KeyState::Completed(fixtures::answer("first")))));
    let acquisition = acquire(&Arc::new(store)).await.expect("found");
    assert_eq!(acquisition, Acquisition::Completed(fixtures::answer("first")));
    assert_eq!(start.elapsed(), POLL_INTERVAL * 2);
}

#[tokio::test(start_paused = true)]
async fn a_repetition_acquires_a_key_that_was_released() {
    let store = MockStore::default()
        .then_work(acquiring(Ok(KeyState::Pending)))
        .then_work(acquiring(Ok(KeyState::Acquired)));
    let store = Arc::new(store);
    assert_eq!(
        acquire(&store).await.expect("first"),
        Acquisition::Acquired(ATTEMPT)
    );
}

#[tokio::test(start_paused = true)]
async fn a_repetition_waits_for_a_concurrent_request() {
    let taken = StoreError::Conflict(Conflict::IdempotencyKey);
    let store = MockStore::default()
        .then_work(acquiring(Err(taken)))
        .then_work(acquiring(Ok(KeyState::Completed(fixtures::answer("first")))));
    let store = Arc::new(store);
    let acquisition = acquire(&store).await.expect("found");
    assert_eq!(acquisition, Acquisition::Completed(fixtures::answer("first")));
}

#[tokio::test(start_paused = true)]
async fn a_repetition_waits_at_most_half_a_minute() {
    let start = Instant::now();
    let store = (0..MAX_POLLS).fold(MockStore::default(), |store, _| {
        store.then_work(acquiring(Ok(KeyState::Pending)))
    });
    let outcome = acquire(&Arc::new(store)).await;
    assert!(matches!(outcome, Err(Error::StillPending)), "{outcome:?}");
    assert_eq!(start.elapsed(), Duration::from_secs(30));
}

#[tokio::test]
async fn a_deleted_user_is_unauthenticated_and_an_outage_is_reported() {
    for (failure, code) in [
        (StoreError::OwnerDeleted, ErrorCode::Unauthenticated),
        (StoreError::Unavailable("down".into()), ErrorCode::Unavailable),
    ] {
        let store = Arc::new(MockStore::default().then_work(acquiring(Err(failure))));
        assert_eq!(acquire(&store).await.expect_err("failed").code(), code);
    }
}

#[tokio::test]
async fn a_rejection_is_stored_unless_the_key_was_taken_over() {
    for kept in [true, false] {
        let mut work = MockRepositories::default();
        work.idempotency_keys
            .expect_store_response()
            .withf(|key, attempt, answer| {
                *key == fixtures::key() && *attempt == ATTEMPT && *answer == fixtures::answer("no")
            })
            .times(1)
            .returning(move |_, _, _| Ok(kept));
        let store = Arc::new(MockStore::default().then_work(work));
        let answer = fixtures::answer("no");
        let outcome = idempotency(&store)
            .store_rejection(&fixtures::key(), ATTEMPT, &answer)
            .await;
        outcome.expect("kept");
        assert_eq!(store.commits(), 1);
    }
}

#[tokio::test]
async fn a_key_is_released() {
    let mut work = MockRepositories::default();
    work.idempotency_keys
        .expect_release()
        .withf(|key, attempt| *key == fixtures::key() && *attempt == ATTEMPT)
        .times(1)
        .returning(|_, _| Ok(()));
    let store = Arc::new(MockStore::default().then_work(work));
    let outcome = idempotency(&store).release(&fixtures::key(), ATTEMPT).await;
    outcome.expect("released");
    assert_eq!(store.commits(), 1);
}

#[tokio::test]
async fn keys_are_deleted_after_a_day() {
    let mut work = MockRepositories::default();
    work.idempotency_keys
        .expect_delete_acquired_before()
        .withf(|moment| *moment + TimeDelta::hours(24) == fixtures::now())
        .returning(|_| Ok(3));
    let store = Arc::new(MockStore::default().then_work(work));
    assert_eq!(idempotency(&store).delete_expired().await.expect("deleted"), 3);
    assert_eq!(store.commits(), 1);
}

/// Stores the response to the number 3 in a transaction of its own.
async fn respond(stored: Result<bool, StoreError>) -> Result<(), Error> {
    let mut work = MockRepositories::default();
    work.idempotency_keys
        .expect_store_response()
        .withf(|key, attempt, response| {
            *key == fixtures::key() && *attempt == ATTEMPT && *response == fixtures::answer("done: 3")
        })
        .times(1)
        .return_once(|_, _, _| stored);
    let store = MockStore::default().then_work(work);
    let tx = store.begin().await.expect("begun");
    let guard = IdempotencyGuard::new(fixtures::key(), ATTEMPT, |result: &u32| {
        fixtures::answer(&format!("done: {result}"))
    });
    store_response(Some(&guard), &*tx, &3).await
}

#[tokio::test]
async fn the_response_is_made_of_the_result() {
    respond(Ok(true)).await.expect("stored");
}

#[tokio::test]
async fn a_key_that_was_taken_over_and_an_outage_are_errors() {
    for (stored, code) in [
        (Ok(false), ErrorCode::IdempotencyConflict),
        (
            Err(StoreError::Unavailable("down".into())),
            ErrorCode::Unavailable,
        ),
    ] {
        assert_eq!(respond(stored).await.expect_err("not stored").code(), code);
    }
}
