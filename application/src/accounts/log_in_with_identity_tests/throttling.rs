//! Who tries too often.

use super::*;
use crate::accounts::RateLimits;
use chrono::TimeDelta;
use domain::accounts::{Network, RateLimitKey, RateLimitScope, RateLimitWindow};

/// Where one failure of a network is one too many, and so many were counted.
fn throttle(failures: u64) -> Arc<RateLimiter> {
    let count = RateLimitWindow {
        count: failures,
        ends_at: fixtures::now() + TimeDelta::minutes(4),
    };
    let mut reads = MockRepositories::default();
    reads
        .rate_limits
        .expect_find_count()
        .returning(move |_, _| Ok(Some(count).filter(|count| count.count > 0)));
    Arc::new(RateLimiter {
        store: Arc::new(MockStore::reading(reads)),
        clock: fixtures::clock(),
        limits: RateLimits {
            failures_per_account: Some(1),
            failures_per_address: Some(1),
            ..RateLimits::default()
        },
    })
}

#[tokio::test]
async fn an_invalid_token_is_a_failure_of_its_network_and_an_issuer_that_is_out_is_nobodys() {
    let mut work = MockRepositories::default();
    let network = Network::from(&Origin::default()).to_string();
    work.rate_limits
        .expect_count()
        .withf(move |counter, _, _| {
            *counter == RateLimitKey::new(RateLimitScope::LoginFailuresByNetwork, &network)
        })
        .times(1)
        .returning(|_, _, ends_at| Ok(RateLimitWindow { count: 1, ends_at }));
    let work = fixtures::recording_of(None, work, EventKind::LoginFailed);
    for (error, code, store) in [
        (
            IdTokenError::Invalid,
            ErrorCode::InvalidToken,
            MockStore::default().then_work(work),
        ),
        (
            IdTokenError::NoIssuer,
            ErrorCode::Unavailable,
            MockStore::default(),
        ),
        (
            IdTokenError::Unavailable("down".into()),
            ErrorCode::Unavailable,
            MockStore::default(),
        ),
    ] {
        let (store, commits) = (Arc::new(store), usize::from(code == ErrorCode::InvalidToken));
        let outcome = log_in_throttled(&store, Some(Err(error)), throttle(0)).await;
        assert_eq!((outcome, store.commits()), (Err(code), commits));
    }
}

#[tokio::test]
async fn a_network_past_its_failures_is_refused_before_the_token_is_looked_at() {
    let outcome = log_in_throttled(&Arc::default(), None, throttle(1)).await;
    assert_eq!(outcome, Err(ErrorCode::TooManyAttempts));
}
