//! What a token must be to tell something.

use crate::{
    keys::{EDWARDS, P256, RSA, SigningKey},
    provider::{DISCOVERY, KEYS, NOW, Provider, Reply, key_set, verifier, verify},
};
use domain::accounts::{Email, IdTokenError, Identity, IdentityClaims};
use infrastructure::security::{OpenIdProvider, OpenIdTokenVerifier};
use serde_json::{Value, json};

fn of_ada(issuer: &str) -> IdentityClaims {
    IdentityClaims {
        identity: Identity::new(issuer, "248289761001").expect("a valid identity"),
        verified_email: Email::parse("ada@example.org"),
        name: Some("Ada Lovelace".to_owned()),
    }
}

/// What is made of Ada's token with these claims replaced, so many seconds after it was issued.
async fn claimed(changes: Value, seconds: i64) -> Result<IdentityClaims, IdTokenError> {
    let provider = Provider::start(&[&EDWARDS]);
    let token = EDWARDS.token(&EDWARDS.header(), &provider.claims(changes));
    verify(&provider.verifier(), &token, seconds).await
}

async fn is_taken(changes: Value, seconds: i64) -> bool {
    match claimed(changes, seconds).await {
        Ok(_) => true,
        Err(IdTokenError::Invalid) => false,
        Err(error) => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn a_token_under_each_algorithm_says_who_it_is_of() {
    let provider = Provider::start(&[&RSA, &P256, &EDWARDS]);
    let verifier = provider.verifier();
    for key in [&*RSA, &*P256, &*EDWARDS] {
        let outcome = verify(&verifier, &provider.token(key), 0).await;
        assert_eq!(
            outcome.expect("a good token"),
            of_ada(&provider.issuer()),
            "{}",
            key.id
        );
    }
    assert_eq!((provider.asked(DISCOVERY), provider.asked(KEYS)), (1, 1));
}

#[tokio::test]
async fn the_only_key_need_not_be_named_nor_the_kind_of_token() {
    let provider = Provider::start(&[&RSA]);
    let token = RSA.token(&json!({"alg": "RS256"}), &provider.claims(json!({})));
    verify(&provider.verifier(), &token, 0)
        .await
        .expect("a good token");
    provider.publish(&[&RSA, &P256]);
    let outcome = verify(&provider.verifier(), &token, 0).await;
    assert!(matches!(outcome, Err(IdTokenError::Invalid)), "{outcome:?}");
}

#[tokio::test]
async fn an_issuer_with_a_path_and_a_slash_is_compared_as_it_is() {
    let provider = Provider::start(&[&EDWARDS]);
    let issuer = provider.url("/realms/eyes/");
    let described = json!({"issuer": issuer, "jwks_uri": provider.url(KEYS)});
    provider.reply(&format!("/realms/eyes{DISCOVERY}"), Reply::document(&described));
    let verifier = verifier(&[(&issuer, "ocellus")]);
    let token = |issuer: &str| EDWARDS.token(&EDWARDS.header(), &provider.claims(json!({"iss": issuer})));
    let outcome = verify(&verifier, &token(&issuer), 0).await;
    assert_eq!(outcome.expect("a good token"), of_ada(&issuer));
    let outcome = verify(&verifier, &token(issuer.trim_end_matches('/')), 0).await;
    assert!(matches!(outcome, Err(IdTokenError::Invalid)), "{outcome:?}");
}

#[tokio::test]
async fn where_the_place_of_the_keys_is_known_nothing_is_discovered() {
    let key = SigningKey::rsa("firebase-1");
    let provider = Provider::start(&[]);
    provider.reply("/jwk", Reply::document(&key_set(&[&key])));
    let issuer = "https://securetoken.google.com/eyes-1234";
    let firebase = OpenIdProvider::with_keys_at(issuer, "eyes-1234", &provider.url("/jwk"));
    let verifier = OpenIdTokenVerifier::new(vec![firebase.expect("a place on this machine")]);
    let claims = provider.claims(json!({
        "iss": issuer, "aud": "eyes-1234", "auth_time": NOW, "user_id": "248289761001",
        "firebase": {"identities": {"email": ["ada@example.org"]}, "sign_in_provider": "password"},
    }));
    let outcome = verify(&verifier, &key.token(&key.header(), &claims), 0).await;
    assert_eq!(outcome.expect("a good token"), of_ada(issuer));
    assert_eq!((provider.asked(DISCOVERY), provider.asked("/jwk")), (0, 1));
}

#[tokio::test]
async fn only_a_verified_address_is_told() {
    for (changes, told) in [
        (json!({"email_verified": "true"}), true),
        (json!({"email_verified": false}), false),
        (json!({"email_verified": "false"}), false),
        (json!({"email_verified": null}), false),
        (json!({"email": null}), false),
        (json!({"email": "no address"}), false),
    ] {
        let claims = claimed(changes.clone(), 0).await.expect("a good token");
        assert_eq!(claims.verified_email.is_some(), told, "{changes}");
    }
    let nameless = claimed(json!({"name": null}), 0).await.expect("a good token");
    assert_eq!(nameless.name, None);
}

#[tokio::test]
async fn clocks_may_differ_by_thirty_seconds() {
    for (changes, seconds, taken) in [
        (json!({}), 3629, true),
        (json!({}), 3630, false),
        (json!({}), -30, true),
        (json!({}), -31, false),
        (json!({"nbf": NOW + 60}), 30, true),
        (json!({"nbf": NOW + 60}), 29, false),
        (json!({"exp": i64::MAX}), 0, true),
        (json!({"nbf": i64::MIN}), 0, true),
    ] {
        assert_eq!(
            is_taken(changes.clone(), seconds).await,
            taken,
            "{changes} after {seconds} s"
        );
    }
}

#[tokio::test]
async fn a_token_for_several_says_whom_it_was_made_for() {
    for (changes, taken) in [
        (json!({"aud": ["ocellus"]}), true),
        (json!({"aud": ["other", "ocellus"], "azp": "ocellus"}), true),
        (json!({"azp": "ocellus"}), true),
        (json!({"aud": ["other", "ocellus"]}), false),
        (json!({"aud": ["other", "ocellus"], "azp": "other"}), false),
        (json!({"azp": "other"}), false),
        (json!({"aud": "other", "azp": "ocellus"}), false),
        (json!({"aud": "Ocellus"}), false),
        (json!({"aud": []}), false),
        (json!({"aud": null}), false),
    ] {
        assert_eq!(is_taken(changes.clone(), 0).await, taken, "{changes}");
    }
}

#[tokio::test]
async fn the_audiences_of_one_issuer_count_together() {
    let provider = Provider::start(&[&EDWARDS]);
    let issuer = provider.issuer();
    let verifier = verifier(&[(&issuer, "web"), (&issuer, "phone")]);
    for (changes, taken) in [
        (json!({"aud": "web"}), true),
        (json!({"aud": "phone"}), true),
        // As Google's tokens for an app with a server are.
        (json!({"aud": "web", "azp": "phone"}), true),
        (json!({"aud": "ocellus"}), false),
    ] {
        let token = EDWARDS.token(&EDWARDS.header(), &provider.claims(changes.clone()));
        assert_eq!(verify(&verifier, &token, 0).await.is_ok(), taken, "{changes}");
    }
    assert_eq!(provider.asked(KEYS), 1);
}

#[tokio::test]
async fn the_keys_of_one_issuer_are_not_those_of_another() {
    let (own, other) = (SigningKey::edwards("same"), SigningKey::edwards("same"));
    let (one, two) = (Provider::start(&[&own]), Provider::start(&[&other]));
    let verifier = verifier(&[(&one.issuer(), "ocellus"), (&two.issuer(), "ocellus")]);
    verify(&verifier, &one.token(&own), 0)
        .await
        .expect("a good token");
    verify(&verifier, &two.token(&other), 0)
        .await
        .expect("a good token");
    for token in [one.token(&other), two.token(&own)] {
        let outcome = verify(&verifier, &token, 0).await;
        assert!(matches!(outcome, Err(IdTokenError::Invalid)), "{outcome:?}");
    }
}
