//! Whom a first login makes, links and throws out.


use super::*;
use crate::ErrorCode;
use crate::fixtures;
use domain::{
    accounts::MockIdTokenVerifier,
    ids::MockIdGenerator,
    store::{
        Conflict,
        test_support::{MockRepositories, MockStore},
    },
};
use std::sync::Mutex;
use uuid::Uuid;

fn identity() -> Identity {
    Identity::new("https://issuer.example", "248289761001").expect("a valid identity")
}

fn claims() -> IdentityClaims {
    IdentityClaims {
        identity: identity(),
        verified_email: Some(fixtures::email("ada@example.org")),
        name: Some("Ada Lovelace".into()),
    }
}

fn linked() -> LinkedIdentity {
    LinkedIdentity {
        identity: identity(),
        user_id: fixtures::owner(),
        created_at: fixtures::now(),
        last_used_at: fixtures::now(),
    }
}

async fn log_in(store: &Arc<MockStore>, told: Result<IdentityClaims, IdTokenError>) -> Result<(), ErrorCode> {
    log_in_throttled(store, Some(told), fixtures::no_throttle()).await
}

/// Where nothing is told, nobody is asked.
async fn log_in_throttled(
    store: &Arc<MockStore>,
    told: Option<Result<IdentityClaims, IdTokenError>>,
    throttle: Arc<RateLimiter>,
) -> Result<(), ErrorCode> {
    let mut verifier = MockIdTokenVerifier::new();
    if let Some(told) = told {
        verifier
            .expect_verify()
            .withf(|_, now| *now == fixtures::now())
            .return_once(|_, _| told);
    }
    let mut ids = MockIdGenerator::new();
    ids.expect_next()
        .return_const(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_1234_abcd));
    let log_in = LogInWithIdentity {
        store: store.clone(),
        verifier: Arc::new(verifier),
        throttle,
        open_session: fixtures::open_session(store.clone()),
        events: fixtures::event_log(),
        clock: fixtures::clock(),
        ids: Arc::new(ids),
    };
    let outcome = log_in
        .execute("an ID token".to_owned().into(), Origin::default())
        .await;
    outcome.map(|_| ()).map_err(|error| error.code())
}

/// A store in which the identity and the address are whose the lists say, one entry for each time they are looked for.
fn finding(identities: Vec<Option<User>>, addresses: Vec<Option<User>>) -> MockStore {
    let mut reads = MockRepositories::default();
    let identities = Mutex::new(identities.into_iter());
    reads
        .identities
        .expect_find_user()
        .withf(|sought| *sought == identity())
        .returning(move |_| {
            let found = identities
                .lock()
                .expect("no panic")
                .next()
                .expect("one more look");
            Ok(found.map(|user| (linked(), user)))
        });
    let addresses = Mutex::new(addresses.into_iter());
    reads
        .users
        .expect_find_by_email()
        .returning(move |_| Ok(addresses.lock().expect("no panic").next().expect("one more look")));
    MockStore::reading(reads)
}

/// Notes the use of the identity.
fn noting() -> MockRepositories {
    let mut work = MockRepositories::default();
    work.identities
        .expect_touch()
        .withf(|used, now| *used == identity() && *now == fixtures::now())
        .times(1)
        .returning(|_, _| Ok(()));
    work
}

/// Saves the session of this user.
fn opening(user: UserId) -> MockRepositories {
    let mut work = MockRepositories::default();
    work.users
        .expect_lock()
        .withf(move |id| *id == user)
        .returning(|id| {
            Ok(Some(User {
                id,
                ..fixtures::ada()
            }))
        });
    work.sessions
        .expect_insert()
        .withf(move |session| session.user_id == user)
        .times(1)
        .returning(|_| Ok(()));
    work.rate_limits
        .expect_record_login()
        .withf(move |noted, _, now| *noted == user && *now == fixtures::now())
        .times(1)
        .returning(|_, _, _| Ok(()));
    fixtures::recording_of(Some(user), work, EventKind::LoggedIn)
}

fn newcomer() -> UserId {
    UserId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_1234_abcd))
}

/// Adds a user of this name with the identity.
fn registering(name: &'static str) -> MockRepositories {
    let mut work = MockRepositories::default();
    work.users
        .expect_insert()
        .withf(move |user| {
            user.id == newcomer()
                && user.username.as_str() == name
                && user.email.as_str() == "ada@example.org"
                && user.email_verified
                && user.password_hash.is_none()
                && user.created_at == fixtures::now()
        })
        .times(1)
        .returning(|_| Ok(()));
    work.identities
        .expect_insert()
        .withf(|added| {
            let expected = LinkedIdentity {
                user_id: newcomer(),
                ..linked()
            };
            *added == expected
        })
        .times(1)
        .returning(|_| Ok(()));
    let work = fixtures::recording_of(Some(newcomer()), work, EventKind::Registered);
    fixtures::recording_of(Some(newcomer()), work, EventKind::IdentityLinked)
}

/// Finds this user when the row is taken.
fn locking(user: Option<User>) -> MockRepositories {
    let mut work = MockRepositories::default();
    work.users
        .expect_lock()
        .withf(|id| *id == fixtures::owner())
        .return_once(|_| Ok(user));
    work
}

/// Links the identity to the owner, or says why not.
fn linking(mut work: MockRepositories, outcome: Result<(), StoreError>) -> MockRepositories {
    if outcome.is_ok() {
        work = fixtures::recording(work, EventKind::IdentityLinked);
    }
    work.identities
        .expect_insert()
        .withf(|added| *added == linked())
        .return_once(|_| outcome);
    work
}

fn unverified() -> User {
    User {
        email_verified: false,
        ..fixtures::ada()
    }
}

#[tokio::test]
async fn who_is_known_is_let_in_whatever_address_the_issuer_names() {
    for verified_email in [None, Some(fixtures::email("other@example.org"))] {
        let store = finding(vec![Some(fixtures::ada())], vec![]);
        let store = Arc::new(store.then_work(noting()).then_work(opening(fixtures::owner())));
        let claims = IdentityClaims {
            verified_email,
            ..claims()
        };
        assert_eq!(log_in(&store, Ok(claims)).await, Ok(()));
        assert_eq!(store.commits(), 2);
    }
}

#[tokio::test]
async fn a_token_that_tells_nothing_opens_nothing() {
    for (error, code) in [
        (IdTokenError::NoIssuer, ErrorCode::Unavailable),
        (IdTokenError::Unavailable("down".into()), ErrorCode::Unavailable),
    ] {
        let store = Arc::new(MockStore::default());
        assert_eq!(log_in(&store, Err(error)).await, Err(code));
    }
}

#[tokio::test]
async fn a_stranger_without_a_verified_address_is_refused() {
    let store = Arc::new(finding(vec![None], vec![]));
    let claims = IdentityClaims {
        verified_email: None,
        ..claims()
    };
    assert_eq!(log_in(&store, Ok(claims)).await, Err(ErrorCode::EmailNotVerified));
    assert_eq!(store.commits(), 0);
}

#[tokio::test]
async fn a_stranger_becomes_a_user_without_a_password_named_after_his_address() {
    let store = finding(vec![None], vec![None]);
    let store = Arc::new(store.then_work(registering("ada")).then_work(opening(newcomer())));
    assert_eq!(log_in(&store, Ok(claims())).await, Ok(()));
    assert_eq!(store.commits(), 2);
}

#[tokio::test]
async fn where_the_name_is_taken_the_next_has_a_mark() {
    let mut taken = MockRepositories::default();
    taken
        .users
        .expect_insert()
        .returning(|_| Err(StoreError::Conflict(Conflict::Username)));
    let store = finding(vec![None, None], vec![None, None]).then_work(taken);
    let store = Arc::new(
        store
            .then_work(registering("ada-1234abcd"))
            .then_work(opening(newcomer())),
    );
    assert_eq!(log_in(&store, Ok(claims())).await, Ok(()));
}

#[tokio::test]
async fn who_comes_second_at_his_first_login_finds_what_the_first_made() {
    let mut second = MockRepositories::default();
    second
        .users
        .expect_insert()
        .returning(|_| Err(StoreError::Conflict(Conflict::Email)));
    let store = finding(vec![None, Some(fixtures::ada())], vec![None]).then_work(second);
    let store = Arc::new(store.then_work(noting()).then_work(opening(fixtures::owner())));
    assert_eq!(log_in(&store, Ok(claims())).await, Ok(()));

    let taken = Err(StoreError::Conflict(Conflict::Identity));
    let second = linking(locking(Some(fixtures::ada())), taken);
    let store = finding(vec![None, Some(fixtures::ada())], vec![Some(fixtures::ada())]).then_work(second);
    let store = Arc::new(store.then_work(noting()).then_work(opening(fixtures::owner())));
    assert_eq!(log_in(&store, Ok(claims())).await, Ok(()));
}

#[tokio::test]
async fn who_verified_the_same_address_here_keeps_his_account_as_it_is() {
    let work = linking(locking(Some(fixtures::ada())), Ok(()));
    let store = finding(vec![None], vec![Some(fixtures::ada())]).then_work(work);
    let store = Arc::new(store.then_work(opening(fixtures::owner())));
    assert_eq!(log_in(&store, Ok(claims())).await, Ok(()));
    assert_eq!(store.commits(), 2);
}

#[tokio::test]
async fn whoever_took_the_address_without_showing_that_it_is_his_is_thrown_out() {
    let mut work = linking(locking(Some(unverified())), Ok(()));
    work.users
        .expect_update()
        .withf(|user| {
            user.email_verified
                && user.password_hash.is_none()
                && !user.has_face
                && user.updated_at == fixtures::now()
        })
        .times(1)
        .returning(|_| Ok(()));
    work.sessions
        .expect_delete_all()
        .withf(|user, except| *user == fixtures::owner() && except.is_none())
        .times(1)
        .returning(|_, _| Ok(2));
    work.api_keys.expect_delete_all().times(1).returning(|_| Ok(1));
    work.identities.expect_delete_all().times(1).returning(|_| Ok(1));
    let work = fixtures::removing_face(work);
    let work = fixtures::recording(work, EventKind::EmailVerified);
    let store = finding(vec![None], vec![Some(unverified())]).then_work(work);
    let store = Arc::new(store.then_work(opening(fixtures::owner())));
    assert_eq!(log_in(&store, Ok(claims())).await, Ok(()));
    assert_eq!(store.commits(), 2);
}

#[tokio::test]
async fn a_disabled_account_is_neither_linked_nor_taken_from_its_maker() {
    let disabled = || {
        Some(User {
            disabled_at: Some(fixtures::now()),
            ..unverified()
        })
    };
    let store = finding(vec![None], vec![disabled()]).then_work(locking(disabled()));
    let refusing = fixtures::recording(locking(disabled()), EventKind::LoginFailed);
    let store = Arc::new(store.then_work(refusing));
    assert_eq!(
        log_in(&store, Ok(claims())).await,
        Err(ErrorCode::InvalidCredentials)
    );
}

#[tokio::test]
async fn an_account_that_gave_up_the_address_meanwhile_is_not_linked() {
    let renamed = User {
        email: fixtures::email("lovelace@example.org"),
        ..fixtures::ada()
    };
    for now in [None, Some(renamed)] {
        let store = finding(vec![None, None], vec![Some(fixtures::ada()), None]).then_work(locking(now));
        let store = store.then_work(registering("ada-1234abcd"));
        let store = Arc::new(store.then_work(opening(newcomer())));
        assert_eq!(log_in(&store, Ok(claims())).await, Ok(()));
    }
}

#[tokio::test]
async fn it_is_not_tried_for_ever() {
    let mut store = finding(vec![None; ATTEMPTS], vec![None; ATTEMPTS]);
    for _ in 0..ATTEMPTS {
        let mut taken = MockRepositories::default();
        taken
            .users
            .expect_insert()
            .returning(|_| Err(StoreError::Conflict(Conflict::Username)));
        store = store.then_work(taken);
    }
    let store = Arc::new(store);
    assert_eq!(log_in(&store, Ok(claims())).await, Err(ErrorCode::Unavailable));
    assert_eq!((store.left(), store.commits()), (0, 0));
}

#[test]
fn a_name_comes_from_the_address_or_else_from_what_the_user_is_called() {
    let named = |name: Option<&str>, email: &str| name_for(name, &fixtures::email(email)).as_str().to_owned();
    assert_eq!(named(None, "Ada.Lovelace+eyes@example.org"), "Ada.Lovelace");
    assert_eq!(named(Some("Ada King"), "ak@example.org"), "Ada.King");
    assert_eq!(named(Some("A"), "ak@example.org"), "user");
    assert_eq!(named(None, "o'hara@example.org"), "ohara");
}
