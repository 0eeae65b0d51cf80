//! Sessions that several work on at the same time: whoever waits gets his turn, and nobody meets a deadlock.

use crate::{
    databases::{TestDatabase, on_every_database},
    refresh_tokens::{presented, renewed, session_of},
    samples::{begin, commit, moment, stored_sessions, stored_user, write},
};
use domain::accounts::{PresentedToken, TokenDigest};
use futures_util::future::join_all;
use infrastructure::persistence::SeaStore;
use std::time::Duration;

on_every_database![
    who_presents_a_token_that_is_being_spent_waits_and_finds_it_spent,
    of_many_who_present_the_same_token_at_once_one_finds_it_current,
    all_who_work_on_sessions_at_once_succeed,
];

async fn who_presents_a_token_that_is_being_spent_waits_and_finds_it_spent(database: TestDatabase) {
    let store = database.store().await;
    // As of another process.
    let other = database.connect().await;
    let ada = stored_user(&store, "ada").await;
    let first = session_of(&store, &ada).await;
    let token = first.refresh_token_digest.clone();
    let work = begin(&store).await;
    let found = work.sessions().lock_presented(&token, moment(10)).await;
    assert_eq!(
        found.expect("an answer"),
        Some(PresentedToken::Current(first.clone()))
    );
    let mut second = Box::pin(presented(&other, &token, moment(10)));
    let early = tokio::time::timeout(Duration::from_millis(300), &mut second).await;
    early.expect_err("the second waits for the first");
    let renewed = renewed(&first, moment(10));
    work.sessions().renew(&renewed, &token).await.expect("a renewal");
    commit(work).await;
    assert_eq!(second.await, Some(PresentedToken::Previous(renewed, moment(10))));
}

/// Renews the session of a token when it is the current one; whether it was.
async fn refresh(store: &SeaStore, token: &TokenDigest) -> bool {
    let work = begin(store).await;
    let found = work.sessions().lock_presented(token, moment(10)).await;
    let Some(PresentedToken::Current(session)) = found.expect("an answer") else {
        return false;
    };
    let renewed = renewed(&session, moment(10));
    work.sessions().renew(&renewed, token).await.expect("a renewal");
    commit(work).await;
    true
}

async fn of_many_who_present_the_same_token_at_once_one_finds_it_current(database: TestDatabase) {
    let store = database.store().await;
    let other = database.connect().await;
    let ada = stored_user(&store, "ada").await;
    for _ in 0..10 {
        let session = session_of(&store, &ada).await;
        let token = &session.refresh_token_digest;
        let stores = [&store, &other].into_iter().cycle().take(6);
        let current = join_all(stores.map(|store| refresh(store, token))).await;
        assert_eq!(current.into_iter().filter(|current| *current).count(), 1);
    }
}

/// Renewals, logouts, a changed password and the deletion of the account meet, and nobody meets a deadlock.
async fn all_who_work_on_sessions_at_once_succeed(database: TestDatabase) {
    let store = database.store().await;
    let other = database.connect().await;
    for round in 0..15 {
        let ada = stored_user(&store, &format!("ada{round}")).await;
        let sessions = stored_sessions(&store, &ada, 4).await;
        let refreshes = sessions.iter().zip([&store, &other].into_iter().cycle());
        let refreshes =
            join_all(refreshes.map(|(session, store)| refresh(store, &session.refresh_token_digest)));
        let log_out = write(&other, async |work| {
            work.sessions().delete(ada.id, sessions[1].id).await
        });
        let end_others = write(&store, async |work| {
            work.sessions().delete_all(ada.id, Some(sessions[0].id)).await
        });
        let delete = write(&other, async |work| {
            if round % 3 == 0 {
                work.users().lock(ada.id).await?;
                work.users().delete(ada.id).await?;
            }
            Ok(())
        });
        let outcomes = futures_util::join!(refreshes, log_out, end_others, delete);
        outcomes.1.expect("a logout");
        outcomes.2.expect("the others end");
        outcomes.3.expect("a deletion");
    }
}
