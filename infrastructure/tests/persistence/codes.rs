//! Codes that were mailed.

use crate::{
    databases::{TestDatabase, on_every_database},
    samples::{begin, commit, moment, stored_user, user, write},
};
use domain::{
    accounts::{CodePurpose, IssuedCode, PasswordHash, User},
    clock::Timestamp,
    ids::{CodeId, IdGenerator},
    store::StoreError,
};
use infrastructure::{persistence::SeaStore, system::UuidV7Generator};

const VERIFY: CodePurpose = CodePurpose::VerifyEmail;
const RECOVER: CodePurpose = CodePurpose::RecoverPassword;

fn code(user: &User, purpose: CodePurpose) -> IssuedCode {
    let hash = PasswordHash::new("$argon2id$hash".to_owned());
    IssuedCode::new(CodeId(UuidV7Generator.next()), user, purpose, hash, moment(0))
}

async fn put(store: &SeaStore, code: &IssuedCode) -> Result<(), StoreError> {
    write(store, async |work| work.codes().put(code).await).await
}

async fn stored_code(store: &SeaStore, user: &User, purpose: CodePurpose) -> IssuedCode {
    let code = code(user, purpose);
    put(store, &code).await.expect("the code is added");
    code
}

async fn take(store: &SeaStore, user: &User, purpose: CodePurpose, now: Timestamp) -> Option<IssuedCode> {
    let work = begin(store).await;
    let taken = work.codes().take_attempt(user.id, purpose, now).await;
    commit(work).await;
    taken.expect("an answer")
}

async fn spend(store: &SeaStore, code: &IssuedCode) -> bool {
    let work = begin(store).await;
    let spent = work.codes().spend(code).await;
    commit(work).await;
    spent.expect("an answer")
}

/// Everything of a code, hash included, for comparing.
fn all_of(code: &IssuedCode) -> String {
    format!("{code:?} {}", code.hash.expose())
}

on_every_database![
    a_code_is_found_whole_by_its_user_and_purpose,
    a_code_can_be_tried_five_times_even_by_many_at_once,
    an_attempt_that_is_given_back_can_be_made_again,
    a_code_counts_until_it_expires,
    a_later_code_takes_the_place_of_the_one_before,
    a_code_is_spent_once_even_by_two_at_once,
    a_code_is_revoked_for_its_purpose_alone,
    expired_codes_are_removed,
    codes_go_with_their_user_and_none_is_kept_for_nobody,
    a_code_that_does_not_parse_is_an_error_and_not_absent,
];

async fn a_code_is_found_whole_by_its_user_and_purpose(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let grace = stored_user(&store, "grace").await;
    let mut stored = stored_code(&store, &ada, VERIFY).await;
    stored_code(&store, &grace, RECOVER).await;
    let found = take(&store, &ada, VERIFY, moment(1)).await.expect("a code");
    stored.attempts_left = 4;
    assert_eq!(all_of(&found), all_of(&stored));
    assert!(take(&store, &ada, RECOVER, moment(1)).await.is_none());
    assert!(take(&store, &grace, VERIFY, moment(1)).await.is_none());
}

async fn a_code_can_be_tried_five_times_even_by_many_at_once(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    stored_code(&store, &ada, RECOVER).await;
    let guesses = (0..20).map(|_| {
        let (store, ada) = (store.clone(), ada.clone());
        tokio::spawn(async move { take(&store, &ada, RECOVER, moment(1)).await })
    });
    let mut left = Vec::new();
    for guess in guesses.collect::<Vec<_>>() {
        left.extend(guess.await.expect("an answer").map(|code| code.attempts_left));
    }
    left.sort_unstable();
    assert_eq!(left, [0, 1, 2, 3, 4]);
}

async fn an_attempt_that_is_given_back_can_be_made_again(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    stored_code(&store, &ada, RECOVER).await;
    for _ in 0..8 {
        let code = take(&store, &ada, RECOVER, moment(1)).await.expect("a code");
        assert_eq!(code.attempts_left, 4);
        let returned = write(&store, async |work| work.codes().return_attempt(&code).await);
        returned.await.expect("given back");
    }
}

async fn a_code_counts_until_it_expires(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let code = stored_code(&store, &ada, RECOVER).await;
    assert_eq!(code.expires_at, moment(600));
    let just_before = moment(600) + chrono::TimeDelta::microseconds(-1);
    assert!(take(&store, &ada, RECOVER, just_before).await.is_some());
    assert!(take(&store, &ada, RECOVER, moment(600)).await.is_none());
}

async fn a_later_code_takes_the_place_of_the_one_before(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let first = stored_code(&store, &ada, RECOVER).await;
    take(&store, &ada, RECOVER, moment(1)).await.expect("a code");
    let mut second = IssuedCode {
        email_key: "lovelace@example.org".to_owned(),
        hash: PasswordHash::new("another hash".to_owned()),
        expires_at: moment(900),
        ..code(&ada, RECOVER)
    };
    put(&store, &second).await.expect("the code is added");
    // Whoever still has the first can do nothing with it.
    let returned = write(&store, async |work| work.codes().return_attempt(&first).await);
    returned.await.expect("nothing happens");
    assert!(!spend(&store, &first).await);
    let found = take(&store, &ada, RECOVER, moment(899)).await.expect("a code");
    second.attempts_left = 4;
    assert_eq!(all_of(&found), all_of(&second));
}

async fn a_code_is_spent_once_even_by_two_at_once(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let code = stored_code(&store, &ada, RECOVER).await;
    let other = stored_code(&store, &ada, VERIFY).await;
    let uses = (0..4).map(|_| {
        let (store, code) = (store.clone(), code.clone());
        tokio::spawn(async move { spend(&store, &code).await })
    });
    let mut wins = 0;
    for used in uses.collect::<Vec<_>>() {
        wins += u32::from(used.await.expect("an answer"));
    }
    assert_eq!(wins, 1);
    assert!(spend(&store, &other).await, "the other purpose's is still there");
}

async fn a_code_is_revoked_for_its_purpose_alone(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let grace = stored_user(&store, "grace").await;
    for user in [&ada, &grace] {
        stored_code(&store, user, VERIFY).await;
        stored_code(&store, user, RECOVER).await;
    }
    for _ in 0..2 {
        let revoked = write(&store, async |work| work.codes().revoke(ada.id, RECOVER).await);
        revoked.await.expect("revoked");
    }
    assert!(take(&store, &ada, RECOVER, moment(1)).await.is_none());
    assert!(take(&store, &ada, VERIFY, moment(1)).await.is_some());
    assert!(take(&store, &grace, RECOVER, moment(1)).await.is_some());
}

async fn expired_codes_are_removed(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    stored_code(&store, &ada, VERIFY).await;
    let mut later = code(&ada, RECOVER);
    later.expires_at = moment(601);
    put(&store, &later).await.expect("the code is added");
    for expected in [1, 0] {
        let removed = write(&store, async |work| {
            work.codes().delete_expired(moment(600)).await
        });
        assert_eq!(removed.await.expect("removed"), expected);
    }
    assert!(take(&store, &ada, RECOVER, moment(600)).await.is_some());
}

async fn codes_go_with_their_user_and_none_is_kept_for_nobody(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let code_of_ada = stored_code(&store, &ada, VERIFY).await;
    let deleted = write(&store, async |work| work.users().delete(ada.id).await);
    deleted.await.expect("deleted");
    assert!(!spend(&store, &code_of_ada).await);
    let refused = put(&store, &code(&user("nobody"), VERIFY)).await;
    assert!(matches!(refused, Err(StoreError::OwnerDeleted)), "{refused:?}");
}

async fn a_code_that_does_not_parse_is_an_error_and_not_absent(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    stored_code(&store, &ada, VERIFY).await;
    database
        .execute("UPDATE codes SET attempts_left = 5000000000")
        .await;
    let outcome = write(&store, async |work| {
        work.codes().take_attempt(ada.id, VERIFY, moment(1)).await
    });
    let error = outcome.await.expect_err("no number of attempts");
    assert!(error.to_string().contains("unavailable"), "{error}");
}
