use super::*;
use crate::ErrorCode;
use crate::fixtures;
use domain::store::test_support::{MockRepositories, MockStore};

const LIMITS: RateLimits = RateLimits {
    failures_per_account: Some(10),
    failures_per_address: Some(100),
    mails_per_account: Some(3),
    registrations_per_address: Some(2),
};

fn origin() -> Origin {
    Origin::new(Some("192.0.2.1".into()), None)
}

fn from_here() -> RateLimitKey {
    RateLimitKey::new(RateLimitScope::LoginFailuresByNetwork, "192.0.2.1")
}

fn as_ada() -> RateLimitKey {
    RateLimitKey::new(RateLimitScope::LoginFailuresByAccount, "ada")
}

fn throttle(store: Arc<MockStore>) -> RateLimiter {
    RateLimiter {
        store,
        clock: fixtures::clock(),
        limits: LIMITS,
    }
}

fn soon() -> Timestamp {
    fixtures::now() + TimeDelta::minutes(4)
}

/// Where so many failures were counted from here and as Ada; Ada logged in from here if `known`.
fn after_failures(from: u64, against: u64, known: bool) -> MockRepositories {
    let mut reads = MockRepositories::default();
    reads
        .rate_limits
        .expect_find_count()
        .returning(move |counter, now| {
            assert_eq!(now, fixtures::now());
            let count = if *counter == from_here() {
                from
            } else if *counter == as_ada() {
                against
            } else {
                0
            };
            let ends_at = soon();
            Ok((count > 0).then_some(RateLimitWindow { count, ends_at }))
        });
    reads
        .rate_limits
        .expect_has_logged_in()
        .returning(move |user, network| {
            assert_eq!(network, Network::from(&origin()));
            Ok(known && user == fixtures::ada().id)
        });
    reads
}

async fn checked(reads: MockRepositories, attempt: &LoginAttempt) -> Result<(), Error> {
    throttle(Arc::new(MockStore::reading(reads))).check(attempt).await
}

fn ada_logs_in() -> LoginAttempt {
    LoginAttempt::log_in("ADA", Some(fixtures::ada().id), &origin())
}

#[tokio::test]
async fn up_to_the_limits_everybody_may_try() {
    for (from, against) in [(0, 0), (99, 9)] {
        let outcome = checked(after_failures(from, against, false), &ada_logs_in()).await;
        assert!(outcome.is_ok(), "{from} {against}");
    }
}

#[tokio::test]
async fn past_its_limit_an_account_is_closed_to_networks_that_never_logged_in() {
    for attempt in [ada_logs_in(), LoginAttempt::log_in("ada", None, &origin())] {
        let outcome = checked(after_failures(0, 10, false), &attempt).await;
        let error = outcome.expect_err("refused");
        assert!(
            matches!(error, Error::TooManyAttempts { retry_after } if retry_after == TimeDelta::minutes(4)),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn its_user_is_not_shut_out_from_where_he_logged_in_before() {
    let outcome = checked(after_failures(99, 10, true), &ada_logs_in()).await;
    assert!(outcome.is_ok());
}

#[tokio::test]
async fn past_its_limit_a_network_may_try_nothing_more() {
    let outcome = checked(after_failures(100, 0, true), &ada_logs_in()).await;
    assert_eq!(outcome.expect_err("refused").code(), ErrorCode::TooManyAttempts);
}

#[tokio::test]
async fn a_failure_counts_for_its_network_and_then_for_its_account() {
    let mut work = MockRepositories::default();
    let mut order = mockall::Sequence::new();
    for counter in [from_here(), as_ada()] {
        work.rate_limits
            .expect_count()
            .withf(move |counted, now, until| {
                *counted == counter && *now == fixtures::now() && *until == *now + TimeDelta::minutes(15)
            })
            .times(1)
            .in_sequence(&mut order)
            .returning(|_, _, until| {
                Ok(RateLimitWindow {
                    count: 1,
                    ends_at: until,
                })
            });
    }
    assert!(!noted(LIMITS, work).await);
}

#[tokio::test]
async fn the_failure_that_reaches_the_limit_closes_the_account_and_no_other_does() {
    for (count, closes) in [(9, false), (10, true), (11, false)] {
        let mut work = MockRepositories::default();
        work.rate_limits
            .expect_count()
            .times(2)
            .returning(move |_, _, ends_at| Ok(RateLimitWindow { count, ends_at }));
        assert_eq!(noted(LIMITS, work).await, closes, "{count}");
    }
}

/// Notes a failure in a unit of work that meets these mocks; whether it closes the account.
async fn noted(limits: RateLimits, work: MockRepositories) -> bool {
    let store = Arc::new(MockStore::default().then_work(work));
    let unit = store.begin().await.expect("a unit of work");
    let throttle = RateLimiter {
        limits,
        ..throttle(store)
    };
    let noted = throttle.note_failure(&*unit, &ada_logs_in()).await;
    noted.expect("counted")
}

#[tokio::test]
async fn a_name_is_counted_without_case_and_apart_from_every_other() {
    let counter = |login| {
        LoginAttempt::log_in(login, None, &origin())
            .account
            .expect("counted")
    };
    assert_eq!(counter("Ada"), counter("ada"));
    assert_eq!(counter("Ada@Example.org"), counter("ada@example.org"));
    assert_ne!(counter("ada"), counter("ada@example.org"));
    assert_ne!(counter("no name!"), counter("no other name!"));
}

fn counting(count: u64) -> Arc<MockStore> {
    let mut work = MockRepositories::default();
    work.rate_limits.expect_count().returning(move |_, _, _| {
        Ok(RateLimitWindow {
            count,
            ends_at: soon(),
        })
    });
    Arc::new(MockStore::default().then_work(work))
}

#[tokio::test]
async fn registrations_from_a_network_are_refused_past_their_limit() {
    let admitted = throttle(counting(2)).admit_registration(&origin()).await;
    assert!(admitted.is_ok());
    let refused = throttle(counting(3)).admit_registration(&origin()).await;
    assert_eq!(refused.expect_err("refused").code(), ErrorCode::TooManyAttempts);
}

#[tokio::test]
async fn mails_to_an_address_or_for_a_network_are_not_sent_past_their_limit() {
    for (from, to, sent) in [(1, 3, true), (1, 4, false), (100, 1, true), (101, 1, false)] {
        let mut counts = MockStore::default();
        for (counted, whom, count) in [
            (RateLimitScope::MailRequestsByNetwork, "192.0.2.1", from),
            (RateLimitScope::MailsToAddress, "ada@example.org", to),
        ] {
            let mut work = MockRepositories::default();
            work.rate_limits
                .expect_count()
                .withf(move |counter, _, _| *counter == RateLimitKey::new(counted, whom))
                .returning(move |_, _, ends_at| Ok(RateLimitWindow { count, ends_at }));
            counts = counts.then_work(work);
        }
        let email = fixtures::email("ada@example.org");
        let allowed = throttle(Arc::new(counts)).may_mail(&email, &origin()).await;
        assert_eq!(allowed.expect("counted"), sent, "{from}, {to}");
    }
}

#[tokio::test]
async fn a_wrong_password_in_a_session_counts_against_its_user_wherever_he_is() {
    let (ada, other) = (fixtures::ada().id, UserId(Uuid::from_u128(77)));
    let closed = RateLimitKey::new(RateLimitScope::PasswordConfirmationFailures, &ada.0.to_string());
    for (user, expected) in [(ada, Err(ErrorCode::TooManyAttempts)), (other, Ok(()))] {
        let closed = closed.clone();
        let mut reads = MockRepositories::default();
        reads
            .rate_limits
            .expect_find_count()
            .returning(move |counter, _| {
                let ends_at = soon();
                Ok((*counter == closed).then_some(RateLimitWindow { count: 10, ends_at }))
            });
        reads
            .rate_limits
            .expect_has_logged_in()
            .returning(move |user, _| Ok(user == ada));
        let outcome = checked(reads, &LoginAttempt::confirm(user, &origin())).await;
        assert_eq!(outcome.map_err(|error| error.code()), expected);
    }
}

#[tokio::test]
async fn without_limits_nothing_is_counted() {
    let throttle = fixtures::no_throttle();
    assert!(throttle.check(&ada_logs_in()).await.is_ok());
    assert!(!noted(throttle.limits, MockRepositories::default()).await);
    assert!(throttle.admit_registration(&origin()).await.is_ok());
    assert!(
        throttle
            .may_mail(&fixtures::email("ada@example.org"), &origin())
            .await
            .expect("yes")
    );
}
