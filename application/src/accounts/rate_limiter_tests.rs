use super::*;
use crate::{ErrorCode, fixtures, test_context::TestContext};

const LIMITS: RateLimits = RateLimits {
    login_per_account: Some(3),
    login_per_network: Some(5),
    recovery_per_account: Some(2),
    registration_per_network: Some(2),
};

fn limiter(test: &TestContext) -> RateLimiter {
    RateLimiter::new(test.context(), LIMITS)
}

fn origin() -> Origin {
    Origin::new(Some("192.0.2.1".into()), None)
}

fn other_origin() -> Origin {
    Origin::new(Some("192.0.2.2".into()), None)
}

/// Ada logs in with this name from [`origin`].
fn ada_as(login: &str) -> LoginAttempt {
    LoginAttempt::for_name(login, Some(fixtures::ada().id), &origin())
}

async fn fail(limiter: &RateLimiter, attempt: &LoginAttempt, times: usize) {
    for _ in 0..times {
        limiter.record_failure(attempt).await.expect("counted");
    }
}

async fn check(limiter: &RateLimiter, attempt: &LoginAttempt) -> Result<(), ErrorCode> {
    limiter.check(attempt).await.map_err(|error| error.code())
}

const REJECTED: Result<(), ErrorCode> = Err(ErrorCode::TooManyAttempts);

#[tokio::test]
async fn an_account_over_its_limit_rejects_networks_that_its_user_does_not_know() {
    let test = TestContext::with_ada().await;
    let limiter = limiter(&test);
    fail(&limiter, &ada_as("ada"), 2).await;
    assert_eq!(check(&limiter, &ada_as("ada")).await, Ok(()));
    fail(&limiter, &ada_as("ada"), 1).await;
    assert_eq!(check(&limiter, &ada_as("ADA")).await, REJECTED);
    // The window of an unknown name is no different.
    let unknown = LoginAttempt::for_name("ada", None, &other_origin());
    assert_eq!(check(&limiter, &unknown).await, REJECTED);
    let other = LoginAttempt::for_name("eve", None, &origin());
    assert_eq!(check(&limiter, &other).await, Ok(()));
}

#[tokio::test]
async fn a_rejection_tells_the_rest_of_the_period_after_which_attempts_are_admitted() {
    let test = TestContext::with_ada().await;
    let limiter = limiter(&test);
    fail(&limiter, &ada_as("ada"), 3).await;
    test.clock.advance(TimeDelta::minutes(11));
    let error = limiter.check(&ada_as("ada")).await.expect_err("rejected");
    assert!(
        matches!(error, Error::TooManyAttempts { retry_after } if retry_after == TimeDelta::minutes(4)),
        "{error:?}"
    );
    test.clock.advance(TimeDelta::minutes(4));
    assert_eq!(check(&limiter, &ada_as("ada")).await, Ok(()));
}

#[tokio::test]
async fn a_user_over_the_limit_of_the_account_logs_in_from_known_networks() {
    let test = TestContext::with_ada().await;
    let (limiter, ada) = (limiter(&test), fixtures::ada().id);
    let known = Network::from(&origin());
    test.write(async |tx| tx.rate_limits().record_login(ada, known, fixtures::now()).await)
        .await;
    fail(&limiter, &ada_as("ada"), 3).await;
    assert_eq!(check(&limiter, &ada_as("ada")).await, Ok(()));
    let elsewhere = LoginAttempt::for_name("ada", Some(ada), &other_origin());
    assert_eq!(check(&limiter, &elsewhere).await, REJECTED);
    // The limit of the network holds for known networks as well.
    fail(&limiter, &LoginAttempt::for_network(&origin()), 2).await;
    assert_eq!(check(&limiter, &ada_as("ada")).await, REJECTED);
}

#[tokio::test]
async fn a_network_over_its_limit_is_rejected_and_no_other_network() {
    let test = TestContext::new();
    let limiter = limiter(&test);
    let attempt = |origin| LoginAttempt::for_network(&origin);
    fail(&limiter, &attempt(origin()), 4).await;
    assert_eq!(check(&limiter, &attempt(origin())).await, Ok(()));
    fail(&limiter, &attempt(origin()), 1).await;
    assert_eq!(check(&limiter, &attempt(origin())).await, REJECTED);
    assert_eq!(check(&limiter, &attempt(other_origin())).await, Ok(()));
}

#[tokio::test]
async fn only_the_failure_that_reaches_the_limit_of_the_account_is_reported() {
    let test = TestContext::new();
    let limiter = limiter(&test);
    for expected in [false, false, true, false] {
        let attempt = &ada_as("ada");
        let reached = test
            .write(async |tx| limiter.record_failure_in(tx, attempt).await)
            .await;
        assert_eq!(reached, expected);
    }
}

#[test]
fn a_name_is_counted_without_case_and_apart_from_every_other() {
    let key = |login| LoginAttempt::for_name(login, None, &origin()).account;
    assert_eq!(key("Ada"), key("ada"));
    assert_eq!(key("Ada@Example.org"), key("ada@example.org"));
    assert_ne!(key("ada"), key("ada@example.org"));
    assert_ne!(key("no name!"), key("no other name!"));
}

#[tokio::test]
async fn wrong_current_passwords_count_against_the_user_from_every_network() {
    let test = TestContext::with_ada().await;
    let (limiter, ada) = (limiter(&test), fixtures::ada().id);
    let known = Network::from(&origin());
    test.write(async |tx| tx.rate_limits().record_login(ada, known, fixtures::now()).await)
        .await;
    fail(&limiter, &LoginAttempt::for_confirmation(ada, &other_origin()), 3).await;
    let confirmation = |user| LoginAttempt::for_confirmation(user, &origin());
    assert_eq!(check(&limiter, &confirmation(ada)).await, REJECTED);
    assert_eq!(check(&limiter, &confirmation(fixtures::eve().id)).await, Ok(()));
    assert_eq!(check(&limiter, &ada_as("ada")).await, Ok(()));
}

#[tokio::test]
async fn registrations_over_the_limit_of_their_network_are_rejected_for_an_hour() {
    let test = TestContext::new();
    let limiter = limiter(&test);
    let register = async |origin| {
        limiter
            .admit_registration(&origin)
            .await
            .map_err(|error| error.code())
    };
    assert_eq!(register(origin()).await, Ok(()));
    assert_eq!(register(origin()).await, Ok(()));
    assert_eq!(register(origin()).await, REJECTED);
    assert_eq!(register(other_origin()).await, Ok(()));
    test.clock.advance(TimeDelta::hours(1));
    assert_eq!(register(origin()).await, Ok(()));
}

#[tokio::test]
async fn mails_over_the_limit_of_their_address_or_network_are_not_sent() {
    let test = TestContext::new();
    let limiter = limiter(&test);
    let admit = async |address: String, origin| {
        let admitted = limiter.admit_mail(&fixtures::email(&address), &origin).await;
        admitted.expect("counted")
    };
    for expected in [true, true, false] {
        assert_eq!(
            admit("ada@example.org".to_owned(), other_origin()).await,
            expected
        );
    }
    for number in 1..=5 {
        assert!(admit(format!("user{number}@example.org"), origin()).await);
    }
    assert!(!admit("user6@example.org".to_owned(), origin()).await);
    test.clock.advance(TimeDelta::minutes(15));
    assert!(admit("ada@example.org".to_owned(), origin()).await);
}

#[tokio::test]
async fn without_limits_nothing_is_counted_or_rejected() {
    let test = TestContext::new();
    let limiter = RateLimiter::new(test.context(), RateLimits::default());
    fail(&limiter, &ada_as("ada"), 200).await;
    assert_eq!(check(&limiter, &ada_as("ada")).await, Ok(()));
    for _ in 0..200 {
        assert!(limiter.admit_registration(&origin()).await.is_ok());
        let email = fixtures::email("ada@example.org");
        let admitted = limiter.admit_mail(&email, &origin()).await;
        assert!(admitted.expect("counted"));
    }
    test.clock.advance(TimeDelta::days(1));
    let deleted = RateLimiter::delete_expired(&test.context()).await;
    assert_eq!(deleted.expect("deleted"), 0);
}

#[tokio::test]
async fn ended_windows_and_networks_of_a_year_ago_are_deleted() {
    let test = TestContext::with_ada().await;
    let limiter = limiter(&test);
    let ada = fixtures::ada().id;
    for (origin, age) in [(origin(), 366), (other_origin(), 364)] {
        let then = fixtures::now() + TimeDelta::days(-age);
        let network = Network::from(&origin);
        test.write(async |tx| tx.rate_limits().record_login(ada, network, then).await)
            .await;
    }
    fail(&limiter, &ada_as("ada"), 1).await;
    test.clock.advance(TimeDelta::minutes(16));
    fail(&limiter, &LoginAttempt::for_network(&other_origin()), 1).await;
    // The windows of Ada's name and network, and the network of a year ago.
    let deleted = RateLimiter::delete_expired(&test.context()).await;
    assert_eq!(deleted.expect("deleted"), 3);
    let knows = async |origin| {
        let network = Network::from(&origin);
        let known = test.read().rate_limits().has_logged_in(ada, network);
        known.await.expect("a read")
    };
    assert!(!knows(origin()).await && knows(other_origin()).await);
}
