//! Identities that users log in with.

use crate::{
    databases::{TestDatabase, on_every_database},
    samples::{all_of, moment, stored_user, user, write},
};
use domain::{
    accounts::{Identity, LinkedIdentity, User},
    store::{Conflict, Store, StoreError},
};
use infrastructure::persistence::SeaStore;

fn identity(issuer: &str, subject: &str) -> Identity {
    Identity::new(issuer, subject).expect("a valid identity")
}

/// As long as an identity may be, in characters of four bytes.
fn longest() -> Identity {
    identity(&format!("https://{}", "i".repeat(247)), &"𝒶".repeat(255))
}

fn linked(identity: Identity, user: &User) -> LinkedIdentity {
    LinkedIdentity {
        identity,
        user_id: user.id,
        created_at: moment(2),
        last_used_at: moment(3),
    }
}

async fn insert(store: &SeaStore, linked: &LinkedIdentity) -> Result<(), StoreError> {
    write(store, async |work| work.identities().insert(linked).await).await
}

async fn stored(store: &SeaStore, identity: Identity, user: &User) -> LinkedIdentity {
    let linked = linked(identity, user);
    insert(store, &linked).await.expect("the identity is added");
    linked
}

async fn found(store: &SeaStore, identity: &Identity) -> Option<(LinkedIdentity, User)> {
    store
        .read()
        .identities()
        .find_user(identity)
        .await
        .expect("a read")
}

on_every_database![
    an_identity_is_found_whole_with_its_user,
    issuer_and_subject_are_compared_as_they_are,
    an_identity_is_of_one_user_only,
    an_identity_of_nobody_is_refused,
    the_latest_login_is_noted,
    the_identities_of_one_user_are_removed_together,
    identities_go_with_their_user,
    an_identity_or_a_user_that_does_not_parse_is_an_error_and_not_absent,
];

async fn an_identity_is_found_whole_with_its_user(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let grace = stored_user(&store, "grace").await;
    let of_ada = [
        stored(&store, identity("https://a.example", "1"), &ada).await,
        stored(&store, longest(), &ada).await,
    ];
    stored(&store, identity("https://b.example", "1"), &grace).await;
    for linked in of_ada {
        let (read, user) = found(&store, &linked.identity).await.expect("an identity");
        assert_eq!(read, linked);
        assert_eq!(all_of(&user), all_of(&ada));
    }
}

async fn issuer_and_subject_are_compared_as_they_are(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    stored(&store, identity("https://a.example", "Ada"), &ada).await;
    for (issuer, subject) in [
        ("https://a.example/", "Ada"),
        ("https://A.example", "Ada"),
        ("https://a.example", "ada"),
        ("https://a.example", "Ada "),
        ("https://a.example", "Áda"),
    ] {
        let sought = identity(issuer, subject);
        assert!(found(&store, &sought).await.is_none(), "{issuer} {subject:?}");
    }
}

async fn an_identity_is_of_one_user_only(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let grace = stored_user(&store, "grace").await;
    stored(&store, longest(), &ada).await;
    for user in [&ada, &grace] {
        let outcome = insert(&store, &linked(longest(), user)).await;
        let expected = matches!(outcome, Err(StoreError::Conflict(Conflict::Identity)));
        assert!(expected, "{outcome:?}");
    }
    let (_, user) = found(&store, &longest()).await.expect("an identity");
    assert_eq!(user.id, ada.id);
}

async fn an_identity_of_nobody_is_refused(database: TestDatabase) {
    let store = database.store().await;
    let outcome = insert(&store, &linked(longest(), &user("nobody"))).await;
    assert!(matches!(outcome, Err(StoreError::OwnerDeleted)), "{outcome:?}");
}

async fn the_latest_login_is_noted(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let used = stored(&store, longest(), &ada).await;
    let other = stored(&store, identity("https://a.example", "1"), &ada).await;
    let noted = write(&store, async |work| {
        work.identities().touch(&used.identity, moment(9)).await
    });
    noted.await.expect("the login is noted");
    let (read, _) = found(&store, &used.identity).await.expect("an identity");
    let expected = LinkedIdentity {
        last_used_at: moment(9),
        ..used
    };
    assert_eq!(read, expected);
    let (read, _) = found(&store, &other.identity).await.expect("an identity");
    assert_eq!(read, other);
    let gone = identity("https://gone.example", "1");
    let outcome = write(&store, async |work| {
        work.identities().touch(&gone, moment(9)).await
    })
    .await;
    outcome.expect("an identity that is gone meanwhile is no trouble");
}

async fn the_identities_of_one_user_are_removed_together(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let grace = stored_user(&store, "grace").await;
    let first = stored(&store, identity("https://a.example", "1"), &ada).await;
    stored(&store, identity("https://a.example", "2"), &ada).await;
    let kept = stored(&store, identity("https://a.example", "3"), &grace).await;
    for expected in [2, 0] {
        let removed = write(&store, async |work| work.identities().delete_all(ada.id).await).await;
        assert_eq!(removed.expect("a removal"), expected);
    }
    assert!(found(&store, &first.identity).await.is_none());
    assert!(found(&store, &kept.identity).await.is_some());
}

async fn identities_go_with_their_user(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    stored(&store, longest(), &ada).await;
    let outcome = write(&store, async |work| work.users().delete(ada.id).await).await;
    outcome.expect("a deletion");
    assert!(found(&store, &longest()).await.is_none());
    let grace = stored_user(&store, "grace").await;
    stored(&store, longest(), &grace).await;
}

async fn an_identity_or_a_user_that_does_not_parse_is_an_error_and_not_absent(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    stored(&store, longest(), &ada).await;
    for change in [
        "UPDATE identities SET subject = ''",
        "UPDATE users SET username = ''",
    ] {
        database.execute(change).await;
        let outcome = store.read().identities().find_user(&longest()).await;
        assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
        database.execute("UPDATE identities SET subject = 'x'").await;
    }
}
