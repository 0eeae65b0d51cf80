//! Idempotency keys and the responses stored under them.

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

fn response() -> StoredResponse {
    StoredResponse {
        request_digest: Sha256Digest([0xfe; 32]),
        status: 202,
        location: Some("/tasks/1".to_owned()),
        body: "{\"text\": \"眼 año\"}".repeat(10_000),
    }
}

/// Acquires the key for one minute.
async fn try_acquire(
    store: &SeaStore,
    key: &IdempotencyKey,
    attempt: Uuid,
    now: Timestamp,
) -> Result<KeyState, StoreError> {
    let until = now + chrono::TimeDelta::seconds(60);
    write(store, async |work| {
        work.idempotency_keys().acquire(key, attempt, now, until).await
    })
    .await
}

async fn acquire(store: &SeaStore, key: &IdempotencyKey, attempt: Uuid, now: Timestamp) -> KeyState {
    let begun = try_acquire(store, key, attempt, now).await;
    begun.expect("an answer")
}

async fn store_response(
    store: &SeaStore,
    key: &IdempotencyKey,
    attempt: Uuid,
    answer: &StoredResponse,
) -> bool {
    let kept = write(store, async |work| {
        work.idempotency_keys().store_response(key, attempt, answer).await
    })
    .await;
    kept.expect("an answer")
}

async fn release(store: &SeaStore, key: &IdempotencyKey, attempt: Uuid) {
    let outcome = write(store, async |work| {
        work.idempotency_keys().release(key, attempt).await
    })
    .await;
    outcome.expect("the key is released");
}

on_every_database![
    the_first_request_acquires_the_key_and_later_ones_get_its_response,
    a_response_without_a_location_is_returned_unchanged,
    keys_of_different_users_operations_or_texts_are_independent,
    an_expired_attempt_loses_the_key_to_the_next,
    a_released_key_can_be_acquired_again,
    a_key_of_an_unknown_user_is_rejected,
    one_of_several_concurrent_requests_acquires_the_key,
    old_keys_are_deleted_with_or_without_a_response,
    keys_are_deleted_with_their_user,
];

async fn the_first_request_acquires_the_key_and_later_ones_get_its_response(database: TestDatabase) {
    let store = database.store().await;
    let key = key(&stored_user(&store, "ada").await, "key");
    let first = attempt();
    assert_eq!(acquire(&store, &key, first, moment(0)).await, KeyState::Acquired);
    assert_eq!(
        acquire(&store, &key, attempt(), moment(59)).await,
        KeyState::Pending
    );
    assert!(!store_response(&store, &key, attempt(), &response()).await);
    assert!(store_response(&store, &key, first, &response()).await);
    // However late they come, and whatever the first does then.
    assert!(!store_response(&store, &key, first, &response()).await);
    release(&store, &key, first).await;
    for seconds in [59, 6000] {
        let begun = acquire(&store, &key, attempt(), moment(seconds)).await;
        assert_eq!(begun, KeyState::Completed(response()));
    }
}

async fn a_response_without_a_location_is_returned_unchanged(database: TestDatabase) {
    let store = database.store().await;
    let key = key(&stored_user(&store, "ada").await, "key");
    let first = attempt();
    let empty = StoredResponse {
        status: 204,
        location: None,
        body: String::new(),
        ..response()
    };
    acquire(&store, &key, first, moment(0)).await;
    assert!(store_response(&store, &key, first, &empty).await);
    let begun = acquire(&store, &key, attempt(), moment(1)).await;
    assert_eq!(begun, KeyState::Completed(empty));
}

async fn keys_of_different_users_operations_or_texts_are_independent(database: TestDatabase) {
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
        assert_eq!(
            acquire(&store, key, attempt(), moment(0)).await,
            KeyState::Acquired
        );
    }
    for key in &keys {
        assert_eq!(
            acquire(&store, key, attempt(), moment(0)).await,
            KeyState::Pending
        );
    }
}

async fn an_expired_attempt_loses_the_key_to_the_next(database: TestDatabase) {
    let store = database.store().await;
    let key = key(&stored_user(&store, "ada").await, "key");
    let (late, next) = (attempt(), attempt());
    assert_eq!(acquire(&store, &key, late, moment(0)).await, KeyState::Acquired);
    assert_eq!(acquire(&store, &key, next, moment(60)).await, KeyState::Acquired);
    assert!(!store_response(&store, &key, late, &response()).await);
    release(&store, &key, late).await;
    assert_eq!(
        acquire(&store, &key, attempt(), moment(119)).await,
        KeyState::Pending
    );
    // Late as well, but nobody came meanwhile.
    assert!(store_response(&store, &key, next, &response()).await);
    let begun = acquire(&store, &key, attempt(), moment(500)).await;
    assert_eq!(begun, KeyState::Completed(response()));
}

async fn a_released_key_can_be_acquired_again(database: TestDatabase) {
    let store = database.store().await;
    let key = key(&stored_user(&store, "ada").await, "key");
    let first = attempt();
    acquire(&store, &key, first, moment(0)).await;
    release(&store, &key, attempt()).await;
    assert_eq!(
        acquire(&store, &key, attempt(), moment(1)).await,
        KeyState::Pending
    );
    release(&store, &key, first).await;
    assert!(!store_response(&store, &key, first, &response()).await);
    assert_eq!(
        acquire(&store, &key, attempt(), moment(1)).await,
        KeyState::Acquired
    );
}

async fn a_key_of_an_unknown_user_is_rejected(database: TestDatabase) {
    let store = database.store().await;
    let key = key(&user("nobody"), "key");
    let outcome = try_acquire(&store, &key, attempt(), moment(0)).await;
    assert!(matches!(outcome, Err(StoreError::OwnerDeleted)), "{outcome:?}");
}

async fn one_of_several_concurrent_requests_acquires_the_key(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    for round in 0..5 {
        let key = key(&ada, &format!("key {round}"));
        // First a key that nobody had; then one whose attempt ran out.
        for seconds in [0, 100] {
            let requests = (0..6).map(|_| try_acquire(&store, &key, attempt(), moment(seconds)));
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

async fn old_keys_are_deleted_with_or_without_a_response(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let keys = [key(&ada, "answered"), key(&ada, "pending"), key(&ada, "younger")];
    let first = attempt();
    acquire(&store, &keys[0], first, moment(0)).await;
    assert!(store_response(&store, &keys[0], first, &response()).await);
    acquire(&store, &keys[1], attempt(), moment(1)).await;
    acquire(&store, &keys[2], attempt(), moment(2)).await;
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
        assert_eq!(acquire(&store, key, attempt(), moment(3)).await, expected);
    }
}

async fn keys_are_deleted_with_their_user(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let (key, first) = (key(&ada, "key"), attempt());
    acquire(&store, &key, first, moment(0)).await;
    let deleted = write(&store, async |work| work.users().delete(ada.id).await).await;
    deleted.expect("a deletion");
    assert!(!store_response(&store, &key, first, &response()).await);
}
