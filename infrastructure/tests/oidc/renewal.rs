//! For how long keys count, and when they are fetched again.

use crate::{
    keys::{EDWARDS, SigningKey},
    provider::{DISCOVERY, KEYS, Provider, Reply, key_set, verify},
};
use domain::accounts::IdTokenError;
use futures_util::future::join_all;
use serde_json::json;

const HOUR: i64 = 3600;

/// How often the keys are fetched when they may be kept for as long as the headers say, and are used twice.
async fn fetches(headers: &str, seconds: i64) -> usize {
    let provider = Provider::start(&[]);
    provider.reply(KEYS, Reply::with_headers(&key_set(&[&EDWARDS]), headers));
    let verifier = provider.verifier();
    let claims = provider.claims(json!({"exp": 4_000_000_000_u64}));
    let token = EDWARDS.token(&EDWARDS.header(), &claims);
    verify(&verifier, &token, 0).await.expect("a good token");
    verify(&verifier, &token, seconds).await.expect("a good token");
    provider.asked(KEYS)
}

#[tokio::test]
async fn keys_are_kept_for_as_long_as_the_issuer_says_within_bounds() {
    let age = |seconds: i64| format!("Cache-Control: public, max-age={seconds}\r\n");
    for (headers, seconds, expected) in [
        (age(HOUR), HOUR - 1, 1),
        (age(HOUR), HOUR, 2),
        (age(0), 299, 1),
        (age(0), 300, 2),
        (String::new(), 299, 1),
        (String::new(), 300, 2),
        ("Cache-Control: no-store\r\n".to_owned(), 299, 1),
        (age(1_000_000), 24 * HOUR - 1, 1),
        (age(1_000_000), 24 * HOUR, 2),
    ] {
        assert_eq!(fetches(&headers, seconds).await, expected, "{headers} {seconds}");
    }
}

#[tokio::test]
async fn a_key_that_is_new_is_fetched_at_once_and_one_that_was_withdrawn_counts_no_more() {
    let (old, new) = (SigningKey::edwards("old"), SigningKey::edwards("new"));
    let provider = Provider::start(&[&old]);
    let verifier = provider.verifier();
    verify(&verifier, &provider.token(&old), 0)
        .await
        .expect("a good token");
    provider.publish(&[&old, &new]);
    verify(&verifier, &provider.token(&new), 30)
        .await
        .expect("a good token");
    verify(&verifier, &provider.token(&old), 30)
        .await
        .expect("a good token");
    assert_eq!(provider.asked(KEYS), 2);
    provider.publish(&[&new]);
    let outcome = verify(&verifier, &provider.token(&old), 30 + 300).await;
    assert!(matches!(outcome, Err(IdTokenError::Invalid)), "{outcome:?}");
    verify(&verifier, &provider.token(&new), 30 + 300)
        .await
        .expect("a good token");
    assert_eq!(provider.asked(KEYS), 3);
}

#[tokio::test]
async fn a_stranger_cannot_make_us_a_burden_to_the_issuer() {
    let thief = SigningKey::edwards("unknown");
    let provider = Provider::start(&[&EDWARDS]);
    let verifier = provider.verifier();
    verify(&verifier, &provider.token(&EDWARDS), 0)
        .await
        .expect("a good token");
    for number in 0..100 {
        let header = json!({"alg": "EdDSA", "kid": format!("unknown-{number}")});
        let token = thief.token(&header, &provider.claims(json!({})));
        let outcome = verify(&verifier, &token, number % 30).await;
        assert!(matches!(outcome, Err(IdTokenError::Invalid)), "{outcome:?}");
    }
    assert_eq!((provider.asked(DISCOVERY), provider.asked(KEYS)), (1, 1));
    for seconds in [30, 30, 59, 60] {
        let outcome = verify(&verifier, &provider.token(&thief), seconds).await;
        assert!(matches!(outcome, Err(IdTokenError::Invalid)), "{outcome:?}");
    }
    assert_eq!((provider.asked(DISCOVERY), provider.asked(KEYS)), (3, 3));
}

#[tokio::test]
async fn those_who_come_at_once_wait_for_one_fetch() {
    let provider = Provider::start(&[&EDWARDS]);
    let verifier = provider.verifier();
    let token = provider.token(&EDWARDS);
    let outcomes = join_all((0..50).map(|_| verify(&verifier, &token, 0))).await;
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!((provider.asked(DISCOVERY), provider.asked(KEYS)), (1, 1));
}
