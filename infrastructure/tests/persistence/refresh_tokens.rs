//! Refresh tokens: the families that sessions live on.

use crate::{
    databases::{TestDatabase, on_every_database},
    samples::{begin, commit, digest, moment, session, stored_sessions, stored_user, write},
};
use domain::{
    accounts::{Origin, PresentedToken, Session, TokenDigest, User},
    clock::Timestamp,
    store::StoreError,
};
use infrastructure::persistence::SeaStore;

/// The session as it is renewed at a moment: with another token, and from elsewhere.
pub(crate) fn renewed(session: &Session, now: Timestamp) -> Session {
    Session {
        refresh_token_digest: digest(),
        origin: Origin {
            address: Some("192.0.2.1".to_owned()),
            user_agent: None,
        },
        last_used_at: now,
        expires_at: now + chrono::TimeDelta::seconds(100),
        ..session.clone()
    }
}

async fn try_renew(store: &SeaStore, renewed: &Session, spent: &TokenDigest) -> Result<(), StoreError> {
    write(store, async |work| work.sessions().renew(renewed, spent).await).await
}

/// Renews a session, and gives it as it is then.
async fn renew(store: &SeaStore, session: &Session, now: Timestamp) -> Session {
    let renewed = renewed(session, now);
    let outcome = try_renew(store, &renewed, &session.refresh_token_digest).await;
    outcome.expect("the session is renewed");
    renewed
}

pub(crate) async fn presented(
    store: &SeaStore,
    token: &TokenDigest,
    now: Timestamp,
) -> Option<PresentedToken> {
    let found = write(store, async |work| {
        work.sessions().lock_presented(token, now).await
    });
    found.await.expect("an answer")
}

pub(crate) async fn session_of(store: &SeaStore, user: &User) -> Session {
    stored_sessions(store, user, 1).await.remove(0)
}

on_every_database![
    a_token_is_the_current_one_then_the_previous_one_and_then_an_older_one,
    a_token_that_nobody_has_is_none,
    tokens_of_a_session_that_ended_are_none,
    families_are_kept_apart,
    a_session_is_renewed_only_with_its_current_token,
    tokens_end_with_their_session_however_it_ends,
];

async fn a_token_is_the_current_one_then_the_previous_one_and_then_an_older_one(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let first = session_of(&store, &ada).await;
    let token = &first.refresh_token_digest;
    let found = presented(&store, token, moment(10)).await;
    assert_eq!(found, Some(PresentedToken::Current(first.clone())));

    let second = renew(&store, &first, moment(20)).await;
    let found = presented(&store, token, moment(30)).await;
    assert_eq!(found, Some(PresentedToken::Previous(second.clone(), moment(20))));
    let found = presented(&store, &second.refresh_token_digest, moment(30)).await;
    assert_eq!(found, Some(PresentedToken::Current(second.clone())));

    // On a machine whose clock is behind.
    let third = renew(&store, &second, moment(15)).await;
    let found = presented(&store, token, moment(30)).await;
    assert_eq!(found, Some(PresentedToken::Older(third.clone())));
    let found = presented(&store, &second.refresh_token_digest, moment(30)).await;
    assert_eq!(found, Some(PresentedToken::Previous(third.clone(), moment(15))));
    let found = presented(&store, &third.refresh_token_digest, moment(30)).await;
    assert_eq!(found, Some(PresentedToken::Current(third)));
}

async fn a_token_that_nobody_has_is_none(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let first = session_of(&store, &ada).await;
    let second = renew(&store, &first, moment(20)).await;
    for session in [first, second] {
        let mut token = session.refresh_token_digest;
        token.0[31] ^= 1;
        assert_eq!(presented(&store, &token, moment(30)).await, None);
    }
}

async fn tokens_of_a_session_that_ended_are_none(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let first = session_of(&store, &ada).await;
    let second = renew(&store, &first, moment(20)).await;
    let third = renew(&store, &second, moment(30)).await;
    let end = third.expires_at;
    for session in [first, second, third] {
        let token = &session.refresh_token_digest;
        let just_before = end + chrono::TimeDelta::microseconds(-1);
        assert!(presented(&store, token, just_before).await.is_some());
        assert_eq!(presented(&store, token, end).await, None);
    }
}

async fn families_are_kept_apart(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let (one, other) = (session_of(&store, &ada).await, session_of(&store, &ada).await);
    let renewed_one = renew(&store, &one, moment(20)).await;
    let renewed_other = renew(&store, &other, moment(30)).await;
    for (before, after) in [(one, renewed_one), (other, renewed_other)] {
        let found = presented(&store, &before.refresh_token_digest, moment(40)).await;
        let spent_at = after.last_used_at;
        assert_eq!(found, Some(PresentedToken::Previous(after, spent_at)));
    }
}

async fn a_session_is_renewed_only_with_its_current_token(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let first = session_of(&store, &ada).await;
    let other = session_of(&store, &ada).await;
    let second = renew(&store, &first, moment(20)).await;
    let attempt = renewed(&second, moment(30));
    for token in [
        &first.refresh_token_digest,
        &other.refresh_token_digest,
        &digest(),
    ] {
        let outcome = try_renew(&store, &attempt, token).await;
        assert!(matches!(outcome, Err(StoreError::OwnerDeleted)), "{outcome:?}");
    }
    let gone = session(&ada);
    let outcome = try_renew(&store, &renewed(&gone, moment(30)), &gone.refresh_token_digest).await;
    assert!(matches!(outcome, Err(StoreError::OwnerDeleted)), "{outcome:?}");
    for session in [second, other] {
        let found = presented(&store, &session.refresh_token_digest, moment(40)).await;
        assert_eq!(found, Some(PresentedToken::Current(session)));
    }
}

async fn tokens_end_with_their_session_however_it_ends(database: TestDatabase) {
    let store = database.store().await;
    for way in ["one", "all", "expired", "user"] {
        let ada = stored_user(&store, way).await;
        let first = session_of(&store, &ada).await;
        let second = renew(&store, &first, moment(20)).await;
        let work = begin(&store).await;
        match way {
            "one" => work.sessions().delete(ada.id, first.id).await.map(u64::from),
            "all" => work.sessions().delete_all(ada.id, None).await,
            "expired" => work.sessions().delete_expired(second.expires_at).await,
            _ => work.users().delete(ada.id).await.map(|()| 1),
        }
        .map(|ended| assert_eq!(ended, 1, "{way}"))
        .expect("an end");
        commit(work).await;
        for session in [first, second] {
            let found = presented(&store, &session.refresh_token_digest, moment(30)).await;
            assert_eq!(found, None, "{way}");
        }
    }
}
