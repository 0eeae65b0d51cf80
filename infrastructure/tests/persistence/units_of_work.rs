//! Transactions.

use crate::{
    databases::{TestDatabase, on_every_database},
    samples::{begin, commit, email, moment, stored_user, user},
};
use domain::{accounts::User, clock::Timestamp, store::Store};
use infrastructure::persistence::SeaStore;
use std::collections::HashSet;

async fn found(store: &SeaStore, user: &User) -> Option<User> {
    let found = store.read().users().find_by_username(&user.username).await;
    found.expect("a read")
}

on_every_database![
    committed_work_is_kept,
    dropped_work_is_rolled_back,
    work_is_seen_by_itself_and_by_nobody_else_before_its_commit,
    reads_do_not_wait_for_an_open_unit_of_work,
    work_goes_on_after_one_that_met_a_conflict,
    fifty_concurrent_units_that_read_and_then_write_all_succeed,
    moments_keep_their_microseconds,
];

async fn committed_work_is_kept(database: TestDatabase) {
    let store = database.store().await;
    let ada = user("ada");
    let work = begin(&store).await;
    work.users().insert(&ada).await.expect("the user is added");
    commit(work).await;
    assert!(found(&store, &ada).await.is_some());
    assert!(found(&database.connect().await, &ada).await.is_some());
}

async fn dropped_work_is_rolled_back(database: TestDatabase) {
    let store = database.store().await;
    let ada = user("ada");
    let work = begin(&store).await;
    work.users().insert(&ada).await.expect("the user is added");
    drop(work);
    // The next unit of work begins after the end of the dropped one.
    let next = begin(&store).await;
    assert!(
        next.users()
            .find_by_username(&ada.username)
            .await
            .expect("a read")
            .is_none()
    );
    assert!(found(&store, &ada).await.is_none());
}

async fn work_is_seen_by_itself_and_by_nobody_else_before_its_commit(database: TestDatabase) {
    let store = database.store().await;
    let ada = user("ada");
    let work = begin(&store).await;
    work.users().insert(&ada).await.expect("the user is added");
    assert!(
        work.users()
            .find_by_username(&ada.username)
            .await
            .expect("a read")
            .is_some()
    );
    assert!(found(&store, &ada).await.is_none());
    commit(work).await;
    assert!(found(&store, &ada).await.is_some());
}

async fn reads_do_not_wait_for_an_open_unit_of_work(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let work = begin(&store).await;
    work.users().lock(ada.id).await.expect("a lock");
    work.users().delete(ada.id).await.expect("a deletion");
    for _ in 0..20 {
        assert!(found(&store, &ada).await.is_some());
    }
}

async fn work_goes_on_after_one_that_met_a_conflict(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let work = begin(&store).await;
    work.users().insert(&ada).await.expect_err("the user is there");
    drop(work);
    stored_user(&store, "grace").await;
}

async fn fifty_concurrent_units_that_read_and_then_write_all_succeed(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    // Two stores, as of two processes. Each unit counts one further than the number it reads.
    let other = database.connect().await;
    let works = (0..50).map(|index| {
        let store = if index % 2 == 0 {
            store.clone()
        } else {
            other.clone()
        };
        let id = ada.id;
        tokio::spawn(async move {
            let work = begin(&store).await;
            let mut user = work.users().lock(id).await.expect("a lock").expect("a user");
            let address = user.email.as_str().to_owned();
            let count: u32 = address
                .split('@')
                .next()
                .and_then(|name| name.parse().ok())
                .unwrap_or(0);
            user.email = email(&format!("{}@example.org", count + 1));
            work.users().update(&user).await.expect("an update");
            commit(work).await;
            count
        })
    });
    let mut counts = HashSet::new();
    for work in works.collect::<Vec<_>>() {
        counts.insert(work.await.expect("every unit of work succeeds"));
    }
    assert_eq!(counts.len(), 50);
    let user = found(&store, &ada).await.expect("a user");
    assert_eq!(user.email.as_str(), "50@example.org");
}

async fn moments_keep_their_microseconds(database: TestDatabase) {
    let store = database.store().await;
    for (index, microseconds) in [0, 1, 999_999, 500_000, 123_000, 123_456].into_iter().enumerate() {
        let mut user = user(&format!("user{index}"));
        let start: Timestamp = moment(0);
        user.created_at = start + chrono::TimeDelta::microseconds(microseconds);
        let work = begin(&store).await;
        work.users().insert(&user).await.expect("the user is added");
        commit(work).await;
        let read = found(&store, &user).await.expect("a user");
        assert_eq!(read.created_at, user.created_at);
    }
}
