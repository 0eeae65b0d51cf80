use super::*;
use crate::{ErrorCode, accounts::RateLimits, faces::fixtures as faces, fixtures, test_context::TestContext};
use domain::{
    accounts::{MockIdTokenVerifier, Network, PasswordHash, RateLimitKey, RateLimitScope},
    ids::MockIdGenerator,
    page::PageRequest,
    store::{Conflict, Store, test_support::MemoryStore},
};
use futures_util::FutureExt;
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

fn linked_to(user_id: UserId) -> LinkedIdentity {
    LinkedIdentity {
        identity: identity(),
        user_id,
        created_at: fixtures::now(),
        last_used_at: fixtures::now(),
    }
}

const LIMITS: RateLimits = RateLimits {
    login_per_account: None,
    login_per_network: Some(1),
    recovery_per_account: None,
    registration_per_network: None,
};

/// The service in this context of the test, with this verifier.
fn service(test: &TestContext, context: Context, verifier: MockIdTokenVerifier) -> IdTokenLogins {
    let rate_limiter = Arc::new(RateLimiter::new(test.context(), LIMITS));
    let logins = test.logins(rate_limiter.clone());
    IdTokenLogins::new(context, Arc::new(verifier), rate_limiter, logins)
}

/// Logs in with a token that the issuer answers this for.
async fn log_in_within(
    test: &TestContext,
    context: Context,
    answer: Result<IdentityClaims, IdTokenError>,
) -> Result<(), ErrorCode> {
    let mut verifier = MockIdTokenVerifier::new();
    verifier
        .expect_verify()
        .withf(|_, now| *now == fixtures::now())
        .return_once(|_, _| answer);
    let logins = service(test, context, verifier);
    let tokens = logins.log_in("an ID token".to_owned().into(), fixtures::origin());
    tokens.await.map(drop).map_err(|error| error.code())
}

async fn log_in(test: &TestContext, answer: Result<IdentityClaims, IdTokenError>) -> Result<(), ErrorCode> {
    log_in_within(test, test.context(), answer).await
}

/// The id of the user to whom the identity is linked.
async fn linked_user(test: &TestContext) -> Option<UserId> {
    let found = test.read().identities().find_user(&identity()).await;
    found.expect("a read").map(|(linked, _)| linked.user_id)
}

async fn session_count(test: &TestContext, user: UserId) -> usize {
    let page = test
        .read()
        .sessions()
        .list(user, fixtures::now(), PageRequest::default());
    page.await.expect("a page").items.len()
}

fn unverified() -> User {
    User {
        email_verified: false,
        ..fixtures::ada()
    }
}

#[tokio::test]
async fn a_linked_user_logs_in_with_every_address_that_the_issuer_reports() {
    for verified_email in [None, Some(fixtures::email("other@example.org"))] {
        let test = TestContext::with_ada().await;
        let earlier = LinkedIdentity {
            last_used_at: fixtures::now() + -chrono::TimeDelta::days(1),
            ..linked_to(fixtures::owner())
        };
        test.write(async |tx| tx.identities().insert(&earlier).await)
            .await;
        let claims = IdentityClaims {
            verified_email,
            ..claims()
        };
        assert_eq!(log_in(&test, Ok(claims)).await, Ok(()));
        assert_eq!(session_count(&test, fixtures::owner()).await, 1);
        let found = test.read().identities().find_user(&identity()).await;
        let (linked, _) = found.expect("a read").expect("a link");
        assert_eq!(linked.last_used_at, fixtures::now());
        assert_eq!(test.events(fixtures::owner()).await, [EventKind::LoggedIn]);
    }
}

#[tokio::test]
async fn an_invalid_token_counts_against_its_network_and_an_unavailable_issuer_does_not() {
    let key = RateLimitKey::new(
        RateLimitScope::LoginFailuresByNetwork,
        &Network::from(&fixtures::origin()).to_string(),
    );
    for (error, code, count) in [
        (IdTokenError::Invalid, ErrorCode::InvalidToken, 1),
        (IdTokenError::NoIssuer, ErrorCode::Unavailable, 0),
        (
            IdTokenError::Unavailable("down".into()),
            ErrorCode::Unavailable,
            0,
        ),
    ] {
        let test = TestContext::new();
        assert_eq!(log_in(&test, Err(error)).await, Err(code));
        let window = test.read().rate_limits().find_count(&key, fixtures::now()).await;
        assert_eq!(window.expect("a read").map_or(0, |window| window.count), count);
        assert_eq!(test.store.commits(), usize::from(count > 0));
    }
}

#[tokio::test]
async fn a_network_over_its_limit_is_rejected_before_the_token_is_verified() {
    let test = TestContext::new();
    assert_eq!(
        log_in(&test, Err(IdTokenError::Invalid)).await,
        Err(ErrorCode::InvalidToken)
    );
    let logins = service(&test, test.context(), MockIdTokenVerifier::new());
    let outcome = logins.log_in("an ID token".to_owned().into(), fixtures::origin());
    let error = outcome.await.expect_err("rejected");
    assert_eq!(error.code(), ErrorCode::TooManyAttempts);
}

#[tokio::test]
async fn an_unknown_identity_without_a_verified_address_is_rejected() {
    let test = TestContext::new();
    let claims = IdentityClaims {
        verified_email: None,
        ..claims()
    };
    assert_eq!(log_in(&test, Ok(claims)).await, Err(ErrorCode::EmailNotVerified));
    assert_eq!(test.store.commits(), 0);
}

#[tokio::test]
async fn an_unknown_identity_registers_a_user_without_a_password_named_after_the_address() {
    let test = TestContext::new();
    assert_eq!(log_in(&test, Ok(claims())).await, Ok(()));
    let user = test.user_named("ada").await.expect("registered");
    assert_eq!(user.email, fixtures::email("ada@example.org"));
    assert!(user.email_verified && user.password_hash.is_none());
    assert_eq!(user.created_at, fixtures::now());
    assert_eq!(linked_user(&test).await, Some(user.id));
    assert_eq!(
        test.events(user.id).await,
        [
            EventKind::Registered,
            EventKind::IdentityLinked,
            EventKind::LoggedIn
        ]
    );
}

/// A user with this name, and an address that no identity has.
fn named(id: u128, name: &str) -> User {
    User {
        id: UserId(Uuid::from_u128(id)),
        username: fixtures::username(name),
        email: fixtures::email(&format!("{name}@elsewhere.example")),
        ..fixtures::ada()
    }
}

#[tokio::test]
async fn a_user_whose_name_is_taken_gets_one_with_a_suffix() {
    let test = TestContext::new().with_user(named(20, "ada")).await;
    assert_eq!(log_in(&test, Ok(claims())).await, Ok(()));
    let id = linked_user(&test).await.expect("linked");
    let user = test.user(id).await.expect("registered");
    assert!(user.username.as_str().starts_with("ada-"), "{:?}", user.username);
}

/// Ids of which each runs `before` first, as a concurrent request would.
fn ids_with(before: impl Fn() + Send + Sync + 'static) -> Arc<MockIdGenerator> {
    let mut ids = MockIdGenerator::new();
    ids.expect_next().returning(move || {
        before();
        Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_1234_abcd)
    });
    Arc::new(ids)
}

/// Registers Ada with the identity, once.
async fn register_ada(store: &MemoryStore) {
    let tx = store.begin().await.expect("a transaction");
    tx.users().insert(&fixtures::ada()).await.expect("a new user");
    let linked = tx.identities().insert(&linked_to(fixtures::owner())).await;
    linked.expect("a new identity");
    tx.commit().await.expect("a commit");
}

#[tokio::test]
async fn concurrent_first_logins_create_one_user() {
    let test = TestContext::new();
    let (store, once) = (test.store.clone(), std::sync::Once::new());
    let context = Context {
        ids: ids_with(move || {
            once.call_once(|| register_ada(&store).now_or_never().expect("an idle store"));
        }),
        ..test.context()
    };
    assert_eq!(log_in_within(&test, context, Ok(claims())).await, Ok(()));
    assert_eq!(session_count(&test, fixtures::owner()).await, 1);
}

#[tokio::test]
async fn a_first_login_that_conflicts_each_time_gives_up() {
    let test = TestContext::new()
        .with_user(named(20, "ada"))
        .await
        .with_user(named(21, "ada-1234abcd"))
        .await;
    let before = test.store.commits();
    let context = Context {
        ids: ids_with(|| {}),
        ..test.context()
    };
    assert_eq!(
        log_in_within(&test, context, Ok(claims())).await,
        Err(ErrorCode::Unavailable)
    );
    assert_eq!(test.store.commits(), before);
}

#[tokio::test]
async fn a_user_with_the_same_verified_address_keeps_the_account_as_it_is() {
    let test = TestContext::with_ada().await;
    test.write(async |tx| tx.sessions().insert(&fixtures::session()).await)
        .await;
    assert_eq!(log_in(&test, Ok(claims())).await, Ok(()));
    assert_eq!(linked_user(&test).await, Some(fixtures::owner()));
    let ada = test.user(fixtures::owner()).await.expect("Ada");
    assert!(ada.password_hash.is_some());
    assert_eq!(session_count(&test, fixtures::owner()).await, 2);
    assert_eq!(
        test.events(fixtures::owner()).await,
        [EventKind::IdentityLinked, EventKind::LoggedIn]
    );
}

#[tokio::test]
async fn an_unverified_account_loses_its_credentials_to_the_owner_of_its_address() {
    let user = User {
        has_face: true,
        ..unverified()
    };
    let test = TestContext::new().with_user(user).await;
    let other_identity = LinkedIdentity {
        identity: Identity::new("https://issuer.example", "2").expect("a valid identity"),
        ..linked_to(fixtures::owner())
    };
    test.write(async |tx| {
        tx.sessions().insert(&fixtures::session()).await?;
        tx.api_keys().insert(&fixtures::api_key()).await?;
        tx.identities().insert(&other_identity).await?;
        tx.faces().put(&faces::enrolled(0.0)).await
    })
    .await;
    assert_eq!(log_in(&test, Ok(claims())).await, Ok(()));
    let ada = test.user(fixtures::owner()).await.expect("Ada");
    assert!(ada.email_verified && !ada.has_face && ada.password_hash.is_none());
    assert_eq!(ada.updated_at, fixtures::now());
    assert_eq!(
        session_count(&test, ada.id).await,
        1,
        "only the session of this login is left"
    );
    let keys = test.read().api_keys().count(ada.id).await;
    assert_eq!(keys.expect("a read"), 0);
    let other = test.read().identities().find_user(&other_identity.identity);
    assert!(other.await.expect("a read").is_none());
    let face = test.read().faces().find(ada.id).await;
    assert!(face.expect("a read").is_none());
    assert_eq!(
        test.events(ada.id).await,
        [
            EventKind::EmailVerified,
            EventKind::IdentityLinked,
            EventKind::LoggedIn
        ]
    );
}

#[tokio::test]
async fn a_disabled_account_is_neither_linked_nor_changed() {
    let disabled = User {
        disabled_at: Some(fixtures::now()),
        ..unverified()
    };
    let test = TestContext::new().with_user(disabled).await;
    assert_eq!(
        log_in(&test, Ok(claims())).await,
        Err(ErrorCode::InvalidCredentials)
    );
    assert_eq!(linked_user(&test).await, None);
    let ada = test.user(fixtures::owner()).await.expect("Ada");
    assert!(!ada.email_verified);
    assert_eq!(
        ada.password_hash.as_ref().map(PasswordHash::expose),
        Some("old hash")
    );
    assert_eq!(test.events(fixtures::owner()).await, [EventKind::LoginFailed]);
}

/// Links the identity to Ada in a transaction that is rolled back.
async fn link_to(test: &TestContext) -> Result<Link, StoreError> {
    let service = service(test, test.context(), MockIdTokenVerifier::new());
    let email = fixtures::email("ada@example.org");
    let tx = test.store.begin().await.expect("a transaction");
    service
        .link_in(&*tx, fixtures::owner(), &identity(), &email, &fixtures::origin())
        .await
}

#[tokio::test]
async fn an_account_that_changed_its_address_meanwhile_is_not_linked() {
    let renamed = User {
        email: fixtures::email("lovelace@example.org"),
        ..fixtures::ada()
    };
    for test in [TestContext::new(), TestContext::new().with_user(renamed).await] {
        assert!(matches!(link_to(&test).await, Ok(Link::Stale)));
    }
}

#[tokio::test]
async fn an_identity_that_was_linked_meanwhile_is_not_linked_again() {
    let test = TestContext::with_ada().await;
    test.write(async |tx| tx.identities().insert(&linked_to(fixtures::owner())).await)
        .await;
    let link = link_to(&test).await;
    assert!(matches!(link, Err(StoreError::Conflict(Conflict::Identity))));
}

#[test]
fn a_user_name_comes_from_the_address_or_else_from_the_claimed_name() {
    let name = |name: Option<&str>, email: &str| {
        let username = username_for(name, &fixtures::email(email));
        username.as_str().to_owned()
    };
    assert_eq!(name(None, "Ada.Lovelace+eyes@example.org"), "Ada.Lovelace");
    assert_eq!(name(Some("Ada King"), "ak@example.org"), "Ada.King");
    assert_eq!(name(Some("A"), "ak@example.org"), "user");
    assert_eq!(name(None, "o'hara@example.org"), "ohara");
}
