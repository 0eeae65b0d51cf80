//! What happened to accounts.

use crate::{
    databases::{TestDatabase, on_every_database},
    samples::{begin, commit, moment, stored_user, write},
};
use domain::{
    accounts::{EventKind, Origin, SecurityEvent, User},
    ids::{EventId, IdGenerator, UserId},
    page::{PageLimit, PageRequest},
    store::{Store, StoreError},
};
use infrastructure::{persistence::SeaStore, system::UuidV7Generator};

fn event(user: Option<&User>, kind: EventKind) -> SecurityEvent {
    SecurityEvent {
        id: EventId(UuidV7Generator.next()),
        user_id: user.map(|user| user.id),
        admin_id: None,
        kind,
        origin: Origin {
            address: Some("2001:db8:85a3:8d3:1319:8a2e:370:7348".to_owned()),
            user_agent: Some("眼".repeat(Origin::MAX_USER_AGENT)),
        },
        created_at: moment(0),
    }
}

async fn record(store: &SeaStore, event: &SecurityEvent) {
    let recorded = write(store, async |work| work.events().record(event).await).await;
    recorded.expect("the event is added");
}

async fn listed(store: &SeaStore, user: UserId) -> Vec<SecurityEvent> {
    let listed = store.read().events().list(user, PageRequest::default()).await;
    listed.expect("a read").items
}

on_every_database![
    an_event_is_listed_whole_whatever_it_tells,
    events_are_listed_in_pages_newest_first_and_only_to_their_user,
    events_go_with_what_they_tell_of,
    events_outlive_their_user_until_they_are_deleted,
    an_event_is_forgotten_when_it_expires_and_sooner_when_it_is_nobodys,
    an_event_of_a_kind_that_is_unknown_is_an_error,
];

async fn an_event_is_listed_whole_whatever_it_tells(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let mut events = Vec::new();
    for kind in EventKind::ALL {
        events.push(event(Some(&ada), kind));
    }
    events.push(SecurityEvent {
        admin_id: Some(UserId(UuidV7Generator.next())),
        origin: Origin::default(),
        ..event(Some(&ada), EventKind::Disabled)
    });
    for event in &events {
        record(&store, event).await;
    }
    events.reverse();
    let all = PageRequest {
        limit: PageLimit::new(100).expect("a valid limit"),
        after: None,
    };
    let page = store.read().events().list(ada.id, all).await.expect("a read");
    assert_eq!((page.items, page.next), (events, None));
}

async fn events_are_listed_in_pages_newest_first_and_only_to_their_user(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let grace = stored_user(&store, "grace").await;
    let mut of_ada = Vec::new();
    for user in [Some(&ada), Some(&grace), None, Some(&ada), Some(&ada)] {
        let event = event(user, EventKind::LoginFailed);
        record(&store, &event).await;
        if user.is_some_and(|user| user.id == ada.id) {
            of_ada.push(event);
        }
    }
    of_ada.reverse();
    let mut request = PageRequest {
        limit: PageLimit::new(2).expect("a valid limit"),
        after: None,
    };
    let first = store.read().events().list(ada.id, request).await.expect("a read");
    request.after = first.next;
    let second = store.read().events().list(ada.id, request).await.expect("a read");
    assert_eq!(first.items, of_ada[..2]);
    assert_eq!((second.items, second.next), (of_ada[2..].to_vec(), None));
    assert_eq!(listed(&store, grace.id).await.len(), 1);
}

async fn events_go_with_what_they_tell_of(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let unit = begin(&store).await;
    let event = event(Some(&ada), EventKind::LoggedIn);
    unit.events().record(&event).await.expect("an event");
    drop(unit);
    assert_eq!(listed(&store, ada.id).await, []);
}

async fn events_outlive_their_user_until_they_are_deleted(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let grace = stored_user(&store, "grace").await;
    let of_grace = event(Some(&grace), EventKind::Registered);
    record(&store, &event(Some(&ada), EventKind::Registered)).await;
    record(&store, &of_grace).await;
    let outcome = write(&store, async |work| work.users().delete(ada.id).await).await;
    outcome.expect("a deletion");
    assert_eq!(listed(&store, ada.id).await.len(), 1);
    let gone = SecurityEvent {
        origin: Origin::default(),
        ..event(Some(&ada), EventKind::AccountDeleted)
    };
    let work = begin(&store).await;
    work.events().delete_all(ada.id).await.expect("a deletion");
    work.events().record(&gone).await.expect("an event");
    commit(work).await;
    assert_eq!(listed(&store, ada.id).await, [gone]);
    assert_eq!(listed(&store, grace.id).await, [of_grace]);
}

async fn an_event_is_forgotten_when_it_expires_and_sooner_when_it_is_nobodys(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let of_ada = event(Some(&ada), EventKind::LoginFailed);
    let of_nobody = event(None, EventKind::LoginFailed);
    record(&store, &of_ada).await;
    record(&store, &of_nobody).await;
    let forget = async |now| {
        let removed = write(&store, async |work| work.events().delete_expired(now).await).await;
        removed.expect("a number")
    };
    let just_before = of_nobody.expires_at() + chrono::TimeDelta::microseconds(-1);
    assert_eq!(forget(just_before).await, 0);
    assert_eq!(forget(of_nobody.expires_at()).await, 1);
    let end = of_ada.expires_at();
    assert_eq!(listed(&store, ada.id).await, [of_ada]);
    assert_eq!(forget(end).await, 1);
    assert_eq!(listed(&store, ada.id).await, []);
}

async fn an_event_of_a_kind_that_is_unknown_is_an_error(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    record(&store, &event(Some(&ada), EventKind::LoggedIn)).await;
    database.execute("UPDATE user_events SET kind = 'juggled'").await;
    let outcome = store.read().events().list(ada.id, PageRequest::default()).await;
    assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
}
