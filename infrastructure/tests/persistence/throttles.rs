//! What strangers tried, and from where users logged in.

use crate::{
    databases::{TestDatabase, on_every_database},
    samples::{moment, stored_user, user, write},
};
use domain::{
    accounts::{Network, RateLimitKey, RateLimitScope, RateLimitWindow, User},
    clock::Timestamp,
    store::{Store, StoreError},
};
use infrastructure::persistence::SeaStore;

fn counter(whom: &str) -> RateLimitKey {
    RateLimitKey::new(RateLimitScope::LoginFailuresByAccount, whom)
}

async fn count(store: &SeaStore, whom: &str, now: Timestamp, until: Timestamp) -> RateLimitWindow {
    let counted = write(store, async |work| {
        work.rate_limits().count(&counter(whom), now, until).await
    });
    counted.await.expect("it is counted")
}

async fn found(store: &SeaStore, whom: &str, now: Timestamp) -> Option<RateLimitWindow> {
    store
        .read()
        .rate_limits()
        .find_count(&counter(whom), now)
        .await
        .expect("a read")
}

fn network(address: &str) -> Network {
    Network::of(address.parse().expect("an address"))
}

async fn record_login(store: &SeaStore, user: &User, address: &str, at: Timestamp) -> Result<(), StoreError> {
    write(store, async |work| {
        work.rate_limits()
            .record_login(user.id, network(address), at)
            .await
    })
    .await
}

async fn has_logged_in(store: &SeaStore, user: &User, address: &str) -> bool {
    store
        .read()
        .rate_limits()
        .has_logged_in(user.id, network(address))
        .await
        .expect("a read")
}

on_every_database![
    a_count_grows_until_it_is_over_and_then_begins_anew,
    counts_of_different_things_are_apart,
    of_many_who_count_at_once_none_is_lost,
    counts_that_are_over_are_removed,
    a_user_is_known_where_he_logged_in_until_that_is_forgotten,
    nobody_logs_in_for_a_user_who_is_gone,
];

async fn a_count_grows_until_it_is_over_and_then_begins_anew(database: TestDatabase) {
    let store = database.store().await;
    assert_eq!(found(&store, "ada", moment(0)).await, None);
    let of = |count, ends_at| RateLimitWindow { count, ends_at };
    assert_eq!(
        count(&store, "ada", moment(0), moment(10)).await,
        of(1, moment(10))
    );
    assert_eq!(
        count(&store, "ada", moment(9), moment(19)).await,
        of(2, moment(10))
    );
    assert_eq!(found(&store, "ada", moment(9)).await, Some(of(2, moment(10))));
    assert_eq!(found(&store, "ada", moment(10)).await, None);
    assert_eq!(
        count(&store, "ada", moment(10), moment(20)).await,
        of(1, moment(20))
    );
}

async fn counts_of_different_things_are_apart(database: TestDatabase) {
    let store = database.store().await;
    count(&store, "ada", moment(0), moment(10)).await;
    assert_eq!(count(&store, "grace", moment(0), moment(10)).await.count, 1);
    assert_eq!(found(&store, "ada", moment(0)).await.expect("a count").count, 1);
}

async fn of_many_who_count_at_once_none_is_lost(database: TestDatabase) {
    let store = database.store().await;
    let counts = (0..20).map(|_| count(&store, "ada", moment(0), moment(10)));
    let mut counts: Vec<u64> = futures_util::future::join_all(counts)
        .await
        .into_iter()
        .map(|count| count.count)
        .collect();
    counts.sort_unstable();
    assert_eq!(counts, (1..=20).collect::<Vec<_>>());
}

async fn counts_that_are_over_are_removed(database: TestDatabase) {
    let store = database.store().await;
    count(&store, "ada", moment(0), moment(10)).await;
    count(&store, "grace", moment(0), moment(20)).await;
    let removed = write(&store, async |work| {
        work.rate_limits().delete_expired(moment(15)).await
    })
    .await;
    assert_eq!(removed.expect("removed"), 1);
    assert!(found(&store, "grace", moment(15)).await.is_some());
}

async fn a_user_is_known_where_he_logged_in_until_that_is_forgotten(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let grace = stored_user(&store, "grace").await;
    for (address, at) in [
        ("2001:db8:1:2::1", 0),
        ("192.0.2.1", 0),
        // A second login from there.
        ("192.0.2.1", 20),
    ] {
        record_login(&store, &ada, address, moment(at))
            .await
            .expect("noted");
    }
    assert!(has_logged_in(&store, &ada, "2001:db8:1:2:ffff::").await);
    assert!(has_logged_in(&store, &ada, "192.0.2.1").await);
    assert!(!has_logged_in(&store, &ada, "192.0.2.2").await);
    assert!(!has_logged_in(&store, &grace, "192.0.2.1").await);
    let forgotten = write(&store, async |work| {
        work.rate_limits().delete_logins_before(moment(10)).await
    });
    assert_eq!(forgotten.await.expect("forgotten"), 1);
    assert!(!has_logged_in(&store, &ada, "2001:db8:1:2::1").await);
    assert!(has_logged_in(&store, &ada, "192.0.2.1").await);
}

async fn nobody_logs_in_for_a_user_who_is_gone(database: TestDatabase) {
    let store = database.store().await;
    let noted = record_login(&store, &user("ada"), "192.0.2.1", moment(0)).await;
    assert!(matches!(noted, Err(StoreError::OwnerDeleted)), "{noted:?}");
}
