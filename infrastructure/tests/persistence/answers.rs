//! Answers that are kept for repeated requests.

use crate::{
    databases::{TestDatabase, on_every_database},
    samples::{moment, stored_user, user, write},
};
use domain::{
    accounts::User,
    clock::Timestamp,
    ids::IdGenerator,
    images::Sha256Digest,
    operations::{IdempotencyKey, KeyState, StoredResponse},
    store::{Conflict, StoreError},
};
use futures_util::future::join_all;
use infrastructure::{persistence::SeaStore, system::UuidV7Generator};
use uuid::Uuid;

fn key(owner: &User, text: &str) -> IdempotencyKey {
    IdempotencyKey::new(owner.id, "submitTask", text).expect("a valid key")
}

fn attempt() -> Uuid {
    UuidV7Generator.next()
}

fn answer() -> StoredResponse {
    StoredResponse {
        request_digest: Sha256Digest([0xfe; 32]),
        status: 202,
        location: Some("/tasks/1".to_owned()),
        body: "{\"text\": \"眼 año\"}".repeat(10_000),
    }
}

/// Begins an attempt that has a minute.
async fn try_begin(
    store: &SeaStore,
    key: &IdempotencyKey,
    attempt: Uuid,
    now: Timestamp,
) -> Result<KeyState, StoreError> {
    let until = now + chrono::TimeDelta::seconds(60);
    write(store, async |work| {
        work.idempotency_keys().begin(key, attempt, now, until).await
    })
    .await
}

async fn begin(store: &SeaStore, key: &IdempotencyKey, attempt: Uuid, now: Timestamp) -> KeyState {
    let begun = try_begin(store, key, attempt, now).await;
    begun.expect("an answer")
}

async fn keep(store: &SeaStore, key: &IdempotencyKey, attempt: Uuid, answer: &StoredResponse) -> bool {
    let kept = write(store, async |work| {
        work.idempotency_keys().keep(key, attempt, answer).await
    })
    .await;
    kept.expect("an answer")
}

async fn give_up(store: &SeaStore, key: &IdempotencyKey, attempt: Uuid) {
    let outcome = write(store, async |work| {
        work.idempotency_keys().give_up(key, attempt).await
    })
    .await;
    outcome.expect("the key is given up");
}

on_every_database![
    the_first_request_gets_the_key_and_the_next_ones_its_answer,
    an_answer_without_a_location_comes_back_as_it_is,
    a_key_is_another_for_another_user_operation_or_text,
    an_attempt_that_runs_out_loses_the_key_to_the_next,
    a_key_that_is_given_up_is_free_again,
    a_key_of_nobody_is_refused,
    of_requests_at_once_one_is_the_first,
    old_keys_are_forgotten_whether_answered_or_not,
    keys_go_with_their_user,
];

async fn the_first_request_gets_the_key_and_the_next_ones_its_answer(database: TestDatabase) {
    let store = database.store().await;
    let key = key(&stored_user(&store, "ada").await, "key");
    let first = attempt();
    assert_eq!(begin(&store, &key, first, moment(0)).await, KeyState::Acquired);
    assert_eq!(
        begin(&store, &key, attempt(), moment(59)).await,
        KeyState::Pending
    );
    assert!(!keep(&store, &key, attempt(), &answer()).await);
    assert!(keep(&store, &key, first, &answer()).await);
    // However late they come, and whatever the first does then.
    assert!(!keep(&store, &key, first, &answer()).await);
    give_up(&store, &key, first).await;
    for seconds in [59, 6000] {
        let begun = begin(&store, &key, attempt(), moment(seconds)).await;
        assert_eq!(begun, KeyState::Completed(answer()));
    }
}

async fn an_answer_without_a_location_comes_back_as_it_is(database: TestDatabase) {
    let store = database.store().await;
    let key = key(&stored_user(&store, "ada").await, "key");
    let first = attempt();
    let empty = StoredResponse {
        status: 204,
        location: None,
        body: String::new(),
        ..answer()
    };
    begin(&store, &key, first, moment(0)).await;
    assert!(keep(&store, &key, first, &empty).await);
    let begun = begin(&store, &key, attempt(), moment(1)).await;
    assert_eq!(begun, KeyState::Completed(empty));
}

async fn a_key_is_another_for_another_user_operation_or_text(database: TestDatabase) {
    let store = database.store().await;
    let (ada, grace) = (
        stored_user(&store, "ada").await,
        stored_user(&store, "grace").await,
    );
    let elsewhere = IdempotencyKey::new(ada.id, "uploadImage", "key").expect("a valid key");
    let keys = [
        key(&ada, "key"),
        key(&ada, "KEY"),
        key(&ada, "key "),
        key(&ada, &"k".repeat(255)),
        key(&grace, "key"),
        elsewhere,
    ];
    for key in &keys {
        assert_eq!(begin(&store, key, attempt(), moment(0)).await, KeyState::Acquired);
    }
    for key in &keys {
        assert_eq!(begin(&store, key, attempt(), moment(0)).await, KeyState::Pending);
    }
}

async fn an_attempt_that_runs_out_loses_the_key_to_the_next(database: TestDatabase) {
    let store = database.store().await;
    let key = key(&stored_user(&store, "ada").await, "key");
    let (late, next) = (attempt(), attempt());
    assert_eq!(begin(&store, &key, late, moment(0)).await, KeyState::Acquired);
    assert_eq!(begin(&store, &key, next, moment(60)).await, KeyState::Acquired);
    assert!(!keep(&store, &key, late, &answer()).await);
    give_up(&store, &key, late).await;
    assert_eq!(
        begin(&store, &key, attempt(), moment(119)).await,
        KeyState::Pending
    );
    // Late as well, but nobody came meanwhile.
    assert!(keep(&store, &key, next, &answer()).await);
    let begun = begin(&store, &key, attempt(), moment(500)).await;
    assert_eq!(begun, KeyState::Completed(answer()));
}

async fn a_key_that_is_given_up_is_free_again(database: TestDatabase) {
    let store = database.store().await;
    let key = key(&stored_user(&store, "ada").await, "key");
    let first = attempt();
    begin(&store, &key, first, moment(0)).await;
    give_up(&store, &key, attempt()).await;
    assert_eq!(begin(&store, &key, attempt(), moment(1)).await, KeyState::Pending);
    give_up(&store, &key, first).await;
    assert!(!keep(&store, &key, first, &answer()).await);
    assert_eq!(
        begin(&store, &key, attempt(), moment(1)).await,
        KeyState::Acquired
    );
}

async fn a_key_of_nobody_is_refused(database: TestDatabase) {
    let store = database.store().await;
    let key = key(&user("nobody"), "key");
    let outcome = try_begin(&store, &key, attempt(), moment(0)).await;
    assert!(matches!(outcome, Err(StoreError::OwnerDeleted)), "{outcome:?}");
}

async fn of_requests_at_once_one_is_the_first(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    for round in 0..5 {
        let key = key(&ada, &format!("key {round}"));
        // First a key that nobody had; then one whose attempt ran out.
        for seconds in [0, 100] {
            let requests = (0..6).map(|_| try_begin(&store, &key, attempt(), moment(seconds)));
            let mut firsts = 0;
            for outcome in join_all(requests).await {
                match outcome {
                    Ok(KeyState::Acquired) => firsts += 1,
                    Ok(KeyState::Pending) | Err(StoreError::Conflict(Conflict::IdempotencyKey)) => {}
                    other => panic!("{other:?}"),
                }
            }
            assert_eq!(firsts, 1);
        }
    }
}

async fn old_keys_are_forgotten_whether_answered_or_not(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let keys = [key(&ada, "answered"), key(&ada, "pending"), key(&ada, "younger")];
    let first = attempt();
    begin(&store, &keys[0], first, moment(0)).await;
    assert!(keep(&store, &keys[0], first, &answer()).await);
    begin(&store, &keys[1], attempt(), moment(1)).await;
    begin(&store, &keys[2], attempt(), moment(2)).await;
    let forget = async |moment| {
        let forgotten = write(&store, async |work| {
            work.idempotency_keys().delete_acquired_before(moment).await
        })
        .await;
        forgotten.expect("a removal")
    };
    assert_eq!((forget(moment(0)).await, forget(moment(2)).await), (0, 2));
    for (key, expected) in keys
        .iter()
        .zip([KeyState::Acquired, KeyState::Acquired, KeyState::Pending])
    {
        assert_eq!(begin(&store, key, attempt(), moment(3)).await, expected);
    }
}

async fn keys_go_with_their_user(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let (key, first) = (key(&ada, "key"), attempt());
    begin(&store, &key, first, moment(0)).await;
    let deleted = write(&store, async |work| work.users().delete(ada.id).await).await;
    deleted.expect("a deletion");
    assert!(!keep(&store, &key, first, &answer()).await);
}
