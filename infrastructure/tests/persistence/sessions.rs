//! Sessions.

use crate::{
    databases::{TestDatabase, on_every_database},
    samples::{all_of, begin, commit, moment, session, stored_sessions, stored_user, user, write},
};
use domain::{
    accounts::{Origin, Session, User},
    clock::Timestamp,
    ids::SessionId,
    page::{Page, PageLimit, PageRequest},
    store::{Store, StoreError},
};
use infrastructure::persistence::SeaStore;

async fn page(store: &SeaStore, user: &User, now: Timestamp, page: PageRequest) -> Page<Session> {
    let listed = store.read().sessions().list(user.id, now, page).await;
    listed.expect("a read")
}

/// The sessions of a user that have not ended, newest first.
async fn alive(store: &SeaStore, user: &User) -> Vec<Session> {
    page(store, user, moment(10), PageRequest::default()).await.items
}

async fn end(store: &SeaStore, user: &User, id: SessionId) -> bool {
    let ended = write(store, async |work| work.sessions().delete(user.id, id).await).await;
    ended.expect("an answer")
}

async fn end_all(store: &SeaStore, user: &User, except: Option<SessionId>) -> u64 {
    let ended = write(store, async |work| {
        work.sessions().delete_all(user.id, except).await
    });
    ended.await.expect("an answer")
}

on_every_database![
    a_session_of_nobody_is_refused,
    a_session_gives_its_user_until_it_ends,
    only_sessions_that_ended_are_removed,
    a_session_is_listed_whole_with_and_without_its_origin,
    sessions_are_listed_in_pages_newest_first,
    sessions_that_ended_and_those_of_others_are_not_listed,
    a_session_is_ended_once_and_by_its_user_alone,
    all_sessions_of_a_user_end_or_all_but_one,
    two_sessions_cannot_share_a_token,
    a_user_of_a_session_who_does_not_parse_is_an_error,
];

async fn a_session_of_nobody_is_refused(database: TestDatabase) {
    let store = database.store().await;
    let session = session(&user("nobody"));
    let outcome = write(&store, async |work| work.sessions().insert(&session).await).await;
    assert!(matches!(outcome, Err(StoreError::OwnerDeleted)), "{outcome:?}");
}

async fn a_session_gives_its_user_until_it_ends(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let session = session(&ada);
    write(&store, async |work| work.sessions().insert(&session).await)
        .await
        .expect("a session");
    let at = async |now| {
        store
            .read()
            .sessions()
            .find_user(session.id, now)
            .await
            .expect("a read")
    };
    let user = at(session.expires_at + chrono::TimeDelta::microseconds(-1)).await;
    assert_eq!(all_of(&user.expect("a user")), all_of(&ada));
    assert!(at(session.expires_at).await.is_none());
}

async fn only_sessions_that_ended_are_removed(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let (mut ended, alive) = (session(&ada), session(&ada));
    ended.expires_at = moment(50);
    let work = begin(&store).await;
    work.sessions().insert(&ended).await.expect("a session");
    work.sessions().insert(&alive).await.expect("a session");
    commit(work).await;
    let removed = write(&store, async |work| {
        work.sessions().delete_expired(moment(51)).await
    })
    .await;
    assert_eq!(removed.expect("a removal"), 1);
    let of = async |session| {
        store
            .read()
            .sessions()
            .find_user(session, moment(0))
            .await
            .expect("a read")
    };
    assert!(of(ended.id).await.is_none());
    assert!(of(alive.id).await.is_some());
}

async fn a_session_is_listed_whole_with_and_without_its_origin(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let whole = stored_sessions(&store, &ada, 1).await.remove(0);
    let mut bare = session(&ada);
    bare.origin = Origin::default();
    write(&store, async |work| work.sessions().insert(&bare).await)
        .await
        .expect("a session");
    assert_eq!(alive(&store, &ada).await, [bare, whole]);
}

async fn sessions_are_listed_in_pages_newest_first(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let mut sessions = stored_sessions(&store, &ada, 5).await;
    sessions.reverse();
    let mut request = PageRequest {
        limit: PageLimit::new(2).expect("a valid limit"),
        after: None,
    };
    let mut pages = Vec::new();
    loop {
        let page = page(&store, &ada, moment(10), request).await;
        pages.push(page.items);
        request.after = page.next;
        if page.next.is_none() {
            break;
        }
    }
    let expected: Vec<_> = sessions.chunks(2).map(<[Session]>::to_vec).collect();
    assert_eq!(pages, expected);
}

async fn sessions_that_ended_and_those_of_others_are_not_listed(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let grace = stored_user(&store, "grace").await;
    let sessions = stored_sessions(&store, &ada, 1).await;
    stored_sessions(&store, &grace, 1).await;
    let at = async |now| page(&store, &ada, now, PageRequest::default()).await.items;
    let end = sessions[0].expires_at;
    assert_eq!(at(end + chrono::TimeDelta::microseconds(-1)).await, sessions);
    assert_eq!(at(end).await, []);
}

async fn a_session_is_ended_once_and_by_its_user_alone(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let grace = stored_user(&store, "grace").await;
    let sessions = stored_sessions(&store, &ada, 2).await;
    assert!(!end(&store, &grace, sessions[0].id).await);
    assert_eq!(alive(&store, &ada).await.len(), 2);
    assert!(end(&store, &ada, sessions[0].id).await);
    assert!(!end(&store, &ada, sessions[0].id).await);
    assert_eq!(alive(&store, &ada).await, [sessions[1].clone()]);
}

async fn all_sessions_of_a_user_end_or_all_but_one(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let grace = stored_user(&store, "grace").await;
    let sessions = stored_sessions(&store, &ada, 4).await;
    let of_grace = stored_sessions(&store, &grace, 1).await;
    assert_eq!(end_all(&store, &ada, Some(sessions[1].id)).await, 3);
    assert_eq!(alive(&store, &ada).await, [sessions[1].clone()]);
    // That one may be of somebody else, who is not spared anything by it.
    assert_eq!(end_all(&store, &ada, Some(of_grace[0].id)).await, 1);
    assert_eq!(end_all(&store, &ada, None).await, 0);
    assert_eq!(alive(&store, &ada).await, []);
    assert_eq!(alive(&store, &grace).await, of_grace);
}

async fn two_sessions_cannot_share_a_token(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let mut other = session(&ada);
    other.refresh_token_digest = stored_sessions(&store, &ada, 1)
        .await
        .remove(0)
        .refresh_token_digest;
    let outcome = write(&store, async |work| work.sessions().insert(&other).await).await;
    assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
}

async fn a_user_of_a_session_who_does_not_parse_is_an_error(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    stored_sessions(&store, &ada, 1).await;
    database.execute("UPDATE users SET username = ''").await;
    let id = alive(&store, &ada).await[0].id;
    let outcome = store.read().sessions().find_user(id, moment(10)).await;
    assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
}
