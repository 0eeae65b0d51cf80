//! Users.

use crate::{
    databases::{TestDatabase, on_every_database},
    samples::{
        NO_LIMIT, all_of, begin, commit, email, image, moment, session, stored_image, stored_user, user,
        username, write,
    },
};
use domain::{
    accounts::{Role, User, UserSearch},
    ids::UserId,
    page::{PageLimit, PageRequest},
    store::{Conflict, Store, StoreError},
};
use infrastructure::persistence::SeaStore;

async fn found(store: &SeaStore, name: &str) -> Option<User> {
    let found = store.read().users().find_by_username(&username(name)).await;
    found.expect("the read succeeds")
}

on_every_database![
    a_user_is_found_whole_by_name_and_address_without_case,
    a_name_that_is_taken_is_a_conflict,
    an_address_that_is_taken_is_a_conflict,
    a_name_that_hides_the_name_of_a_column_is_told_apart,
    an_update_writes_every_field,
    an_update_keeps_what_the_user_stores,
    an_update_to_a_taken_name_or_address_is_a_conflict,
    an_update_of_nobody_is_not_silent,
    a_locked_user_is_read_whole_and_nobody_is_none,
    users_are_listed_in_pages_newest_first,
    users_are_found_by_a_part_of_name_or_address_without_case_and_letter_by_letter,
    deleting_a_user_takes_everything_of_his_and_nothing_else,
];

async fn a_user_is_found_whole_by_name_and_address_without_case(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "Zoë.Ada").await;
    stored_user(&store, "grace").await;
    let by_name = found(&store, "zoë.ADA").await.expect("a user");
    assert_eq!(all_of(&by_name), all_of(&ada));
    let by_email = store
        .read()
        .users()
        .find_by_email(&email("ZOË.ADA@example.org"))
        .await;
    assert_eq!(all_of(&by_email.expect("a read").expect("a user")), all_of(&ada));
    assert!(found(&store, "zoe.ada").await.is_none());
}

async fn a_name_that_is_taken_is_a_conflict(database: TestDatabase) {
    let store = database.store().await;
    stored_user(&store, "ada").await;
    let mut other = user("ADA");
    other.email = email("other@example.org");
    let outcome = write(&store, async |work| work.users().insert(&other).await).await;
    assert!(
        matches!(outcome, Err(StoreError::Conflict(Conflict::Username))),
        "{outcome:?}"
    );
}

async fn an_address_that_is_taken_is_a_conflict(database: TestDatabase) {
    let store = database.store().await;
    stored_user(&store, "ada").await;
    let mut other = user("other");
    other.email = email("ADA@EXAMPLE.ORG");
    let outcome = write(&store, async |work| work.users().insert(&other).await).await;
    assert!(
        matches!(outcome, Err(StoreError::Conflict(Conflict::Email))),
        "{outcome:?}"
    );
}

async fn a_name_that_hides_the_name_of_a_column_is_told_apart(database: TestDatabase) {
    let store = database.store().await;
    stored_user(&store, "users_email_key").await;
    let mut other = user("users_email_key");
    other.email = email("other@example.org");
    let outcome = write(&store, async |work| work.users().insert(&other).await).await;
    assert!(
        matches!(outcome, Err(StoreError::Conflict(Conflict::Username))),
        "{outcome:?}"
    );
}

async fn an_update_writes_every_field(database: TestDatabase) {
    let store = database.store().await;
    let mut ada = stored_user(&store, "ada").await;
    ada.rename(username("lovelace"), email("lovelace@example.org"), moment(7));
    ada.email_verified = true;
    ada.password_hash = None;
    ada.role = Role::Admin;
    ada.disabled_at = Some(moment(8));
    ada.created_at = moment(6);
    write(&store, async |work| work.users().update(&ada).await)
        .await
        .expect("an update");
    let read = found(&store, "lovelace").await.expect("a user");
    assert_eq!(all_of(&read), all_of(&ada));
    assert!(found(&store, "ada").await.is_none());
}

async fn an_update_keeps_what_the_user_stores(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    stored_image(&store, &ada, 10).await;
    write(&store, async |work| work.users().update(&ada).await)
        .await
        .expect("an update");
    let quota = domain::images::StorageQuota {
        bytes: Some(15),
        images: None,
    };
    let fits = store.read().images().fits_quota(ada.id, 6, quota).await;
    assert!(!fits.expect("a read"));
}

async fn an_update_to_a_taken_name_or_address_is_a_conflict(database: TestDatabase) {
    let store = database.store().await;
    stored_user(&store, "ada").await;
    let grace = stored_user(&store, "grace").await;
    let mut renamed = grace.clone();
    renamed.username = username("Ada");
    let outcome = write(&store, async |work| work.users().update(&renamed).await).await;
    assert!(
        matches!(outcome, Err(StoreError::Conflict(Conflict::Username))),
        "{outcome:?}"
    );
    let mut renamed = grace;
    renamed.email = email("Ada@example.org");
    let outcome = write(&store, async |work| work.users().update(&renamed).await).await;
    assert!(
        matches!(outcome, Err(StoreError::Conflict(Conflict::Email))),
        "{outcome:?}"
    );
}

async fn an_update_of_nobody_is_not_silent(database: TestDatabase) {
    let store = database.store().await;
    let outcome = write(&store, async |work| work.users().update(&user("ada")).await).await;
    assert!(matches!(outcome, Err(StoreError::OwnerDeleted)), "{outcome:?}");
}

async fn a_locked_user_is_read_whole_and_nobody_is_none(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let work = begin(&store).await;
    let locked = work.users().lock(ada.id).await.expect("a lock").expect("a user");
    assert_eq!(all_of(&locked), all_of(&ada));
    let nobody = work.users().lock(user("nobody").id).await;
    assert!(nobody.expect("a read").is_none());
}

async fn users_are_listed_in_pages_newest_first(database: TestDatabase) {
    let store = database.store().await;
    let mut users = Vec::new();
    for name in ["ada", "grace", "emmy"] {
        users.push(all_of(&stored_user(&store, name).await));
    }
    users.reverse();
    let mut request = PageRequest {
        limit: PageLimit::new(2).expect("a valid limit"),
        after: None,
    };
    let first = store.read().users().list(None, request).await.expect("a read");
    request.after = first.next;
    let second = store.read().users().list(None, request).await.expect("a read");
    let listed = |users: &[User]| users.iter().map(all_of).collect::<Vec<_>>();
    assert_eq!(listed(&first.items), users[..2]);
    assert_eq!((listed(&second.items), second.next), (users[2..].to_vec(), None));
}

async fn users_are_found_by_a_part_of_name_or_address_without_case_and_letter_by_letter(
    database: TestDatabase,
) {
    let store = database.store().await;
    for name in ["Zoë_Ada", "zoe.ada", "zoeXada"] {
        stored_user(&store, name).await;
    }
    let matching = async |text: &str| -> Vec<String> {
        let search = UserSearch::parse(text);
        let page = store.read().users().list(search, PageRequest::default()).await;
        let users = page.expect("a read").items.into_iter();
        users.map(|user| user.username.as_str().to_owned()).collect()
    };
    assert_eq!(matching("ADA").await, ["zoeXada", "zoe.ada", "Zoë_Ada"]);
    assert_eq!(matching("zoË").await, ["Zoë_Ada"]);
    assert_eq!(matching("zoe.ada@EXAMPLE").await, ["zoe.ada"]);
    assert_eq!(matching("_ada").await, ["Zoë_Ada"]);
    for nobody in ["%", "!", "\\", "'", "zoe%ada"] {
        assert!(matching(nobody).await.is_empty(), "{nobody}");
    }
}

async fn deleting_a_user_takes_everything_of_his_and_nothing_else(database: TestDatabase) {
    let store = database.store().await;
    let (ada, grace) = (
        stored_user(&store, "ada").await,
        stored_user(&store, "grace").await,
    );
    let (of_ada, of_grace) = (session(&ada), session(&grace));
    stored_image(&store, &ada, 1).await;
    let kept = stored_image(&store, &grace, 1).await;
    let work = begin(&store).await;
    work.sessions().insert(&of_ada).await.expect("a session");
    work.sessions().insert(&of_grace).await.expect("a session");
    work.users().delete(ada.id).await.expect("a deletion");
    work.users()
        .delete(UserId(of_ada.id.0))
        .await
        .expect("nobody is deleted already");
    commit(work).await;

    assert!(found(&store, "ada").await.is_none());
    let of = async |session| {
        store
            .read()
            .sessions()
            .find_user(session, moment(0))
            .await
            .expect("a read")
    };
    assert!(of(of_ada.id).await.is_none());
    assert_eq!(of(of_grace.id).await.expect("a user").id, grace.id);
    let images = async |user| {
        store
            .read()
            .images()
            .list(user, PageRequest::default())
            .await
            .expect("a read")
            .items
    };
    assert_eq!(images(ada.id).await, []);
    assert_eq!(images(grace.id).await, [kept]);
    let late = image(&ada, 1);
    let outcome = write(&store, async |work| work.images().insert(&late, NO_LIMIT).await).await;
    assert!(matches!(outcome, Err(StoreError::OwnerDeleted)), "{outcome:?}");
}
