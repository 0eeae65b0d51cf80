use super::*;
use crate::{ErrorCode, accounts::RateLimits, fixtures, test_context::TestContext};
use chrono::TimeDelta;
use domain::{accounts::MockPasswordHasher, page::PageRequest, store::test_support::MemoryStore};
use futures_util::FutureExt;

/// The rules of one service under test.
#[derive(Default)]
struct Rules {
    limits: RateLimits,
    require_verified_email: bool,
}

/// A service with this hasher.
fn logins(test: &TestContext, hasher: MockPasswordHasher, rules: &Rules) -> Logins {
    let context = test.context();
    let rate_limiter = Arc::new(RateLimiter::new(context.clone(), rules.limits));
    let tokens = test.session_tokens();
    Logins::new(
        context,
        Arc::new(hasher),
        rate_limiter,
        tokens,
        rules.require_verified_email,
    )
}

/// A hasher that verifies one password, and finds it wrong without a hash.
fn verifying(verification: Verification) -> MockPasswordHasher {
    let mut hasher = MockPasswordHasher::new();
    hasher.expect_verify().times(1).returning(move |_, hash| {
        Ok(if hash.is_some() {
            verification
        } else {
            Verification::Wrong
        })
    });
    hasher
}

async fn log_in(
    test: &TestContext,
    hasher: MockPasswordHasher,
    rules: &Rules,
    login: &str,
) -> Result<Tokens, ErrorCode> {
    let password = "a fine password".to_owned().into();
    let logins = logins(test, hasher, rules);
    let tokens = logins.with_password(login, password, fixtures::origin()).await;
    tokens.map_err(|error| error.code())
}

async fn sessions(test: &TestContext) -> Vec<Session> {
    let sessions = test.read().sessions();
    let page = sessions.list(fixtures::owner(), fixtures::now(), PageRequest::default());
    page.await.expect("a page").items
}

fn disabled() -> User {
    User {
        disabled_at: Some(fixtures::now()),
        ..fixtures::ada()
    }
}

#[tokio::test]
async fn the_right_password_opens_a_session_by_name_or_by_address() {
    for login in ["ADA", "Ada@Example.org"] {
        let test = TestContext::with_ada().await;
        let tokens = log_in(&test, verifying(Verification::Right), &Rules::default(), login).await;
        let tokens = tokens.expect("logged in");
        assert_eq!(tokens.access_token.expose_secret(), "signed");
        assert_eq!(tokens.expires_in, TimeDelta::minutes(15));
        let [session] = &sessions(&test).await[..] else {
            panic!("one session")
        };
        assert_eq!(session.refresh_token_digest, tokens.refresh_token.digest());
        assert_eq!(session.origin, fixtures::origin());
        assert_eq!(session.expires_at, fixtures::now() + TimeDelta::days(30));
        let network = Network::from(&fixtures::origin());
        let known = test
            .read()
            .rate_limits()
            .has_logged_in(fixtures::owner(), network);
        assert!(known.await.expect("a read"));
        assert_eq!(test.events(fixtures::owner()).await, [EventKind::LoggedIn]);
    }
}

#[tokio::test]
async fn unknown_names_and_wrong_passwords_fail_alike_after_the_same_work() {
    for (login, events) in [
        ("ada", &[EventKind::LoginFailed][..]),
        ("unknown", &[]),
        ("unknown@example.org", &[]),
        ("", &[]),
        ("no such name!", &[]),
    ] {
        let test = TestContext::with_ada().await;
        let before = test.store.commits();
        let outcome = log_in(&test, verifying(Verification::Wrong), &Rules::default(), login).await;
        assert_eq!(outcome.expect_err("rejected"), ErrorCode::InvalidCredentials);
        assert_eq!(test.store.commits() - before, 1, "{login}");
        assert_eq!(test.events(fixtures::owner()).await, events, "{login}");
    }
}

#[tokio::test]
async fn the_right_password_of_a_disabled_user_is_treated_as_a_wrong_one() {
    let test = TestContext::new().with_user(disabled()).await;
    let hasher = verifying(Verification::RightButOutdated);
    let outcome = log_in(&test, hasher, &Rules::default(), "ada").await;
    assert_eq!(outcome.expect_err("rejected"), ErrorCode::InvalidCredentials);
    assert_eq!(test.events(fixtures::owner()).await, [EventKind::LoginFailed]);
}

#[tokio::test]
async fn the_failure_that_reaches_the_limit_is_recorded_as_such_and_later_logins_are_not_verified() {
    let test = TestContext::with_ada().await;
    let rules = Rules {
        limits: RateLimits {
            login_per_account: Some(3),
            ..RateLimits::default()
        },
        ..Rules::default()
    };
    for _ in 0..3 {
        let outcome = log_in(&test, verifying(Verification::Wrong), &rules, "ada").await;
        assert_eq!(outcome.expect_err("rejected"), ErrorCode::InvalidCredentials);
    }
    let outcome = log_in(&test, MockPasswordHasher::new(), &rules, "ada").await;
    assert_eq!(outcome.expect_err("rejected"), ErrorCode::TooManyAttempts);
    let failed = EventKind::LoginFailed;
    assert_eq!(
        test.events(fixtures::owner()).await,
        [failed, failed, failed, EventKind::LoginThrottled]
    );
}

#[tokio::test]
async fn an_outdated_hash_is_replaced_at_login_unless_the_password_changed_meanwhile() {
    for (changes, expected) in [(false, "new hash"), (true, "hash of another password")] {
        let test = TestContext::with_ada().await;
        let mut hasher = verifying(Verification::RightButOutdated);
        let store = test.store.clone();
        hasher.expect_hash().times(1).returning(move |_| {
            if changes {
                change_password(&store).now_or_never().expect("an idle store");
            }
            Ok(PasswordHash::new("new hash".into()))
        });
        let outcome = log_in(&test, hasher, &Rules::default(), "ada").await;
        assert!(outcome.is_ok());
        let ada = test.user(fixtures::owner()).await.expect("Ada");
        assert_eq!(exposed_hash(&ada), Some(expected));
    }
}

async fn change_password(store: &MemoryStore) {
    let changed = User {
        password_hash: Some(PasswordHash::new("hash of another password".into())),
        ..fixtures::ada()
    };
    let tx = domain::store::Store::begin(store).await.expect("a transaction");
    tx.users().update(&changed).await.expect("an update");
    tx.commit().await.expect("a commit");
}

#[tokio::test]
async fn sessions_are_opened_only_for_enabled_users_with_a_verified_address_where_it_is_required() {
    let unverified = || User {
        email_verified: false,
        ..fixtures::ada()
    };
    let disabled_and_unverified = User {
        email_verified: false,
        ..disabled()
    };
    let rejected = ErrorCode::InvalidCredentials;
    for (require_verified_email, user, expected) in [
        (false, fixtures::ada(), Ok(())),
        (true, fixtures::ada(), Ok(())),
        (false, unverified(), Ok(())),
        (true, unverified(), Err(ErrorCode::EmailNotVerified)),
        (false, disabled(), Err(rejected)),
        (true, disabled_and_unverified, Err(rejected)),
    ] {
        let test = TestContext::new().with_user(user).await;
        let rules = Rules {
            require_verified_email,
            ..Rules::default()
        };
        let logins = logins(&test, MockPasswordHasher::new(), &rules);
        let opened = logins.open_session(fixtures::owner(), fixtures::origin()).await;
        assert_eq!(opened.map(drop).map_err(|error| error.code()), expected);
        let (count, event) = match expected {
            Ok(()) => (1, EventKind::LoggedIn),
            Err(_) => (0, EventKind::LoginFailed),
        };
        assert_eq!(sessions(&test).await.len(), count);
        assert_eq!(test.events(fixtures::owner()).await, [event]);
    }
}

#[tokio::test]
async fn a_user_who_is_deleted_during_the_login_is_rejected() {
    let test = TestContext::new();
    let logins = logins(&test, MockPasswordHasher::new(), &Rules::default());
    let opened = logins.open_session(fixtures::owner(), fixtures::origin()).await;
    assert_eq!(
        opened.expect_err("rejected").code(),
        ErrorCode::InvalidCredentials
    );
    assert_eq!(test.store.commits(), 0);
}

#[tokio::test]
async fn a_login_that_meets_a_deadlock_opens_one_session() {
    let test = TestContext::with_ada().await;
    test.store.conflict_next_commits(1);
    let outcome = log_in(&test, verifying(Verification::Right), &Rules::default(), "ada").await;
    assert!(outcome.is_ok());
    assert_eq!(sessions(&test).await.len(), 1);
    assert_eq!(test.events(fixtures::owner()).await, [EventKind::LoggedIn]);
}
