//! API keys.

use crate::{
    databases::{self, TestDatabase, on_every_database},
    samples::{all_of, digest, moment, stored_user, user, write},
};
use domain::{
    accounts::{ApiKey, ApiKeyName, TokenDigest, User},
    clock::Timestamp,
    ids::{ApiKeyId, IdGenerator},
    page::{PageLimit, PageRequest},
    store::{Store, StoreError},
};
use infrastructure::{persistence::SeaStore, system::UuidV7Generator};

fn key(user: &User) -> ApiKey {
    ApiKey {
        id: ApiKeyId(UuidV7Generator.next()),
        user_id: user.id,
        name: ApiKeyName::parse(&"眼".repeat(64)).expect("a valid name"),
        prefix: "oc_abcdefgh".to_owned(),
        digest: digest(),
        created_at: moment(0),
        last_used_at: None,
        expires_at: None,
    }
}

async fn insert(store: &SeaStore, key: &ApiKey) -> Result<(), StoreError> {
    write(store, async |work| work.api_keys().insert(key).await).await
}

/// Keys that are stored, oldest first.
async fn stored_keys(store: &SeaStore, user: &User, count: usize) -> Vec<ApiKey> {
    let mut keys = Vec::new();
    for _ in 0..count {
        let key = key(user);
        insert(store, &key).await.expect("the key is added");
        keys.push(key);
    }
    keys
}

async fn found(store: &SeaStore, digest: &TokenDigest, now: Timestamp) -> Option<(ApiKey, User)> {
    store
        .read()
        .api_keys()
        .find_user(digest, now)
        .await
        .expect("a read")
}

async fn listed(store: &SeaStore, user: &User) -> Vec<ApiKey> {
    let listed = store
        .read()
        .api_keys()
        .list(user.id, PageRequest::default())
        .await;
    listed.expect("a read").items
}

async fn count(store: &SeaStore, user: &User) -> u64 {
    store.read().api_keys().count(user.id).await.expect("a read")
}

async fn delete(store: &SeaStore, user: &User, id: ApiKeyId) -> bool {
    let deleted = write(store, async |work| work.api_keys().delete(user.id, id).await).await;
    deleted.expect("an answer")
}

on_every_database![
    a_key_is_found_whole_with_its_user,
    a_key_that_expired_is_not_found_but_listed_and_counted,
    keys_are_listed_in_pages_newest_first_and_only_to_their_owner,
    the_latest_use_of_a_key_is_noted,
    a_key_is_deleted_once_and_by_its_owner_alone,
    the_keys_of_one_user_are_removed_together,
    a_key_of_nobody_is_refused,
    two_keys_cannot_share_a_digest,
    keys_go_with_their_user,
    a_key_or_a_user_that_does_not_parse_is_an_error_and_not_absent,
];

async fn a_key_is_found_whole_with_its_user(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let grace = stored_user(&store, "grace").await;
    let lasting = stored_keys(&store, &ada, 2).await.remove(0);
    stored_keys(&store, &grace, 1).await;
    let touched = ApiKey {
        last_used_at: Some(moment(3)),
        // Past the end of MySQL's timestamps in 2038.
        expires_at: Some(moment(4_000_000_000)),
        ..key(&ada)
    };
    insert(&store, &touched).await.expect("the key is added");
    for key in [lasting.clone(), touched] {
        let (read, user) = found(&store, &key.digest, moment(49)).await.expect("a key");
        assert_eq!(read, key);
        assert_eq!(all_of(&user), all_of(&ada));
    }
    let mut other = lasting.digest;
    other.0[31] ^= 1;
    assert!(found(&store, &other, moment(49)).await.is_none());
}

async fn a_key_that_expired_is_not_found_but_listed_and_counted(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let key = ApiKey {
        expires_at: Some(moment(50)),
        ..key(&ada)
    };
    insert(&store, &key).await.expect("the key is added");
    let just_before = moment(50) + chrono::TimeDelta::microseconds(-1);
    assert!(found(&store, &key.digest, just_before).await.is_some());
    assert!(found(&store, &key.digest, moment(50)).await.is_none());
    assert_eq!(count(&store, &ada).await, 1);
    assert_eq!(listed(&store, &ada).await, [key]);
}

async fn keys_are_listed_in_pages_newest_first_and_only_to_their_owner(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let grace = stored_user(&store, "grace").await;
    assert_eq!(count(&store, &ada).await, 0);
    let mut keys = stored_keys(&store, &ada, 5).await;
    keys.reverse();
    let of_grace = stored_keys(&store, &grace, 1).await;
    let mut request = PageRequest {
        limit: PageLimit::new(2).expect("a valid limit"),
        after: None,
    };
    let mut pages = Vec::new();
    loop {
        let page = store
            .read()
            .api_keys()
            .list(ada.id, request)
            .await
            .expect("a read");
        pages.push(page.items);
        request.after = page.next;
        if page.next.is_none() {
            break;
        }
    }
    let expected: Vec<_> = keys.chunks(2).map(<[ApiKey]>::to_vec).collect();
    assert_eq!(pages, expected);
    assert_eq!((count(&store, &ada).await, count(&store, &grace).await), (5, 1));
    assert_eq!(listed(&store, &grace).await, of_grace);
}

async fn the_latest_use_of_a_key_is_noted(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let keys = stored_keys(&store, &ada, 2).await;
    for seconds in [5, 65] {
        let now = moment(seconds);
        let noted = write(&store, async |work| work.api_keys().touch(keys[0].id, now).await).await;
        noted.expect("the use is noted");
        let used = ApiKey {
            last_used_at: Some(now),
            ..keys[0].clone()
        };
        assert_eq!(listed(&store, &ada).await, [keys[1].clone(), used]);
    }
    let gone = key(&ada).id;
    let outcome = write(&store, async |work| work.api_keys().touch(gone, moment(5)).await).await;
    outcome.expect("a key that is gone meanwhile is no trouble");
}

async fn a_key_is_deleted_once_and_by_its_owner_alone(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let grace = stored_user(&store, "grace").await;
    let keys = stored_keys(&store, &ada, 2).await;
    assert!(!delete(&store, &grace, keys[0].id).await);
    assert!(found(&store, &keys[0].digest, moment(1)).await.is_some());
    assert!(delete(&store, &ada, keys[0].id).await);
    assert!(!delete(&store, &ada, keys[0].id).await);
    assert!(found(&store, &keys[0].digest, moment(1)).await.is_none());
    assert_eq!(listed(&store, &ada).await, [keys[1].clone()]);
}

async fn the_keys_of_one_user_are_removed_together(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let grace = stored_user(&store, "grace").await;
    stored_keys(&store, &ada, 2).await;
    let kept = stored_keys(&store, &grace, 1).await;
    for expected in [2, 0] {
        let removed = write(&store, async |work| work.api_keys().delete_all(ada.id).await).await;
        assert_eq!(removed.expect("a removal"), expected);
    }
    assert!(listed(&store, &ada).await.is_empty());
    assert_eq!(listed(&store, &grace).await, kept);
}

async fn a_key_of_nobody_is_refused(database: TestDatabase) {
    let store = database.store().await;
    let outcome = insert(&store, &key(&user("nobody"))).await;
    assert!(matches!(outcome, Err(StoreError::OwnerDeleted)), "{outcome:?}");
}

async fn two_keys_cannot_share_a_digest(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let grace = stored_user(&store, "grace").await;
    let other = ApiKey {
        digest: stored_keys(&store, &ada, 1).await.remove(0).digest,
        ..key(&grace)
    };
    let outcome = insert(&store, &other).await;
    assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
}

async fn keys_go_with_their_user(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let grace = stored_user(&store, "grace").await;
    let keys = stored_keys(&store, &ada, 2).await;
    let kept = stored_keys(&store, &grace, 1).await;
    let outcome = write(&store, async |work| work.users().delete(ada.id).await).await;
    outcome.expect("a deletion");
    assert!(found(&store, &keys[0].digest, moment(1)).await.is_none());
    assert_eq!(count(&store, &ada).await, 0);
    assert_eq!(listed(&store, &grace).await, kept);
}

/// Whether a change behind the store's back makes a stored key unreadable, and not absent.
async fn is_unreadable_after(database: &TestDatabase, change: &str) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let key = stored_keys(&store, &ada, 1).await.remove(0);
    database.execute(change).await;
    let outcome = store.read().api_keys().find_user(&key.digest, moment(1)).await;
    assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
    database.execute("DELETE FROM users").await;
}

async fn a_key_or_a_user_that_does_not_parse_is_an_error_and_not_absent(database: TestDatabase) {
    is_unreadable_after(&database, "UPDATE users SET username = ''").await;
    is_unreadable_after(&database, "UPDATE api_keys SET name = ''").await;
}

/// `SQLite` takes any text for a moment; so sea-orm itself cannot read the row.
#[tokio::test]
async fn a_moment_that_does_not_parse_is_an_error_and_not_absent() {
    for table in ["users", "api_keys"] {
        let change = format!("UPDATE {table} SET created_at = 'never'");
        databases::sqlite(async |database| is_unreadable_after(&database, &change).await).await;
    }
}
