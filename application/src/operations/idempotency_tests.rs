use super::*;
use crate::ErrorCode;
use crate::fixtures;
use domain::store::test_support::{MockRepositories, MockStore};
use tokio::time::Instant;

/// What [`fixtures::ids`] gives out.
const ATTEMPT: Uuid = Uuid::from_u128(7);

/// A unit of work in which the key is asked for with this outcome.
fn asking(outcome: Result<KeyState, StoreError>) -> MockRepositories {
    let mut work = MockRepositories::default();
    work.idempotency_keys
        .expect_begin()
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

fn once(store: &Arc<MockStore>) -> Idempotency {
    Idempotency {
        store: store.clone(),
        clock: fixtures::clock(),
        ids: fixtures::ids(),
    }
}

async fn begin(store: &Arc<MockStore>) -> Result<Turn, Error> {
    once(store).begin(&fixtures::key()).await
}

#[tokio::test]
async fn the_first_request_gets_the_key_for_a_minute() {
    let store = Arc::new(MockStore::default().then_work(asking(Ok(KeyState::Acquired))));
    assert_eq!(begin(&store).await.expect("first"), Turn::First(ATTEMPT));
    assert_eq!(store.commits(), 1);
}

#[tokio::test]
async fn a_request_whose_key_was_not_committed_is_not_the_first() {
    let store = Arc::new(MockStore::default().then_failing_commit(asking(Ok(KeyState::Acquired))));
    assert_eq!(
        begin(&store).await.expect_err("down").code(),
        ErrorCode::Unavailable
    );
}

#[tokio::test]
async fn a_repeated_request_gets_the_first_answer_and_writes_nothing() {
    let answered = KeyState::Completed(fixtures::answer("first"));
    let store = Arc::new(MockStore::default().then_work(asking(Ok(answered))));
    let turn = begin(&store).await.expect("found");
    assert_eq!(turn, Turn::Repeated(fixtures::answer("first")));
    assert_eq!(store.commits(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_repetition_waits_for_the_request_that_is_being_worked_on() {
    let start = Instant::now();
    let store = MockStore::default()
        .then_work(asking(Ok(KeyState::Pending)))
        .then_work(asking(Ok(KeyState::Pending)))
        .then_work(asking(Ok(KeyState::Completed(fixtures::answer("first")))));
    let turn = begin(&Arc::new(store)).await.expect("found");
    assert_eq!(turn, Turn::Repeated(fixtures::answer("first")));
    assert_eq!(start.elapsed(), LOOK_EVERY * 2);
}

#[tokio::test(start_paused = true)]
async fn a_repetition_goes_first_when_the_request_before_it_came_to_no_answer() {
    let store = MockStore::default()
        .then_work(asking(Ok(KeyState::Pending)))
        .then_work(asking(Ok(KeyState::Acquired)));
    let store = Arc::new(store);
    assert_eq!(begin(&store).await.expect("first"), Turn::First(ATTEMPT));
    assert_eq!(store.commits(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_takes_the_key_at_the_same_moment_is_waited_for() {
    let taken = StoreError::Conflict(Conflict::IdempotencyKey);
    let store = MockStore::default()
        .then_work(asking(Err(taken)))
        .then_work(asking(Ok(KeyState::Completed(fixtures::answer("first")))));
    let store = Arc::new(store);
    let turn = begin(&store).await.expect("found");
    assert_eq!(turn, Turn::Repeated(fixtures::answer("first")));
    assert_eq!(store.commits(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_repetition_waits_half_a_minute_and_no_longer() {
    let start = Instant::now();
    let store = (0..LOOKS).fold(MockStore::default(), |store, _| {
        store.then_work(asking(Ok(KeyState::Pending)))
    });
    let outcome = begin(&Arc::new(store)).await;
    assert!(matches!(outcome, Err(Error::StillPending)), "{outcome:?}");
    assert_eq!(start.elapsed(), Duration::from_secs(30));
}

#[tokio::test]
async fn a_user_who_is_gone_is_not_known_and_an_outage_is_said() {
    for (failure, code) in [
        (StoreError::OwnerDeleted, ErrorCode::Unauthenticated),
        (StoreError::Unavailable("down".into()), ErrorCode::Unavailable),
    ] {
        let store = Arc::new(MockStore::default().then_work(asking(Err(failure))));
        assert_eq!(begin(&store).await.expect_err("failed").code(), code);
    }
}

#[tokio::test]
async fn a_refusal_is_kept_and_given_even_when_the_key_was_lost() {
    for kept in [true, false] {
        let mut work = MockRepositories::default();
        work.idempotency_keys
            .expect_keep()
            .withf(|key, attempt, answer| {
                *key == fixtures::key() && *attempt == ATTEMPT && *answer == fixtures::answer("no")
            })
            .times(1)
            .returning(move |_, _, _| Ok(kept));
        let store = Arc::new(MockStore::default().then_work(work));
        let answer = fixtures::answer("no");
        let outcome = once(&store)
            .keep_refusal(&fixtures::key(), ATTEMPT, &answer)
            .await;
        outcome.expect("kept");
        assert_eq!(store.commits(), 1);
    }
}

#[tokio::test]
async fn a_key_that_is_given_up_is_free() {
    let mut work = MockRepositories::default();
    work.idempotency_keys
        .expect_give_up()
        .withf(|key, attempt| *key == fixtures::key() && *attempt == ATTEMPT)
        .times(1)
        .returning(|_, _| Ok(()));
    let store = Arc::new(MockStore::default().then_work(work));
    let outcome = once(&store).give_up(&fixtures::key(), ATTEMPT).await;
    outcome.expect("given up");
    assert_eq!(store.commits(), 1);
}
