//! Attacks, and what is no ID token.

use crate::{
    keys::{EDWARDS, P256, RSA, SigningKey, encoded, unsigned},
    provider::{DISCOVERY, KEYS, NOW, Provider, key_set, verifier, verify},
};
use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use domain::accounts::IdTokenError;
use infrastructure::security::OpenIdTokenVerifier;
use serde_json::{Value, json};

async fn refuses(verifier: &OpenIdTokenVerifier, token: &str) {
    let outcome = verify(verifier, token, 0).await;
    assert!(
        matches!(outcome, Err(IdTokenError::Invalid)),
        "{token}: {outcome:?}"
    );
}

/// A header with some members replaced; `null` leaves one out.
fn with(mut header: Value, changes: &Value) -> Value {
    let header_map = header.as_object_mut().expect("an object");
    header_map.extend(changes.as_object().expect("an object").clone());
    header_map.retain(|_, value| !value.is_null());
    header
}

#[tokio::test]
async fn without_an_issuer_nobody_is_believed() {
    let provider = Provider::start(&[&RSA]);
    for token in [&provider.token(&RSA), "nonsense"] {
        let outcome = verify(&verifier(&[]), token, 0).await;
        assert!(matches!(outcome, Err(IdTokenError::NoIssuer)), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_token_without_a_signature_is_refused() {
    let provider = Provider::start(&[&RSA]);
    let verifier = provider.verifier();
    let claims = provider.claims(json!({}));
    for algorithm in ["none", "None", "NONE", "nOnE", ""] {
        let message = unsigned(&with(RSA.header(), &json!({"alg": algorithm})), &claims);
        refuses(&verifier, &format!("{message}.")).await;
        refuses(
            &verifier,
            &format!("{message}.{}", encoded(RSA.sign(message.as_bytes()))),
        )
        .await;
    }
    let good = provider.token(&RSA);
    let (message, _) = good.rsplit_once('.').expect("three parts");
    refuses(&verifier, &format!("{message}.")).await;
    refuses(&verifier, message).await;
}

#[tokio::test]
async fn a_public_key_is_no_secret_to_sign_with() {
    let provider = Provider::start(&[&RSA, &P256]);
    let verifier = provider.verifier();
    for key in [&*RSA, &*P256] {
        let der = key.public_der();
        let pem = pem::encode(&pem::Pem::new("PUBLIC KEY", der.clone()));
        let unix = pem.replace("\r\n", "\n");
        let public = key.public();
        let modulus = public["n"].as_str().unwrap_or_default();
        let secrets: [&[u8]; 7] = [
            &der,
            pem.as_bytes(),
            unix.as_bytes(),
            unix.trim().as_bytes(),
            &STANDARD.encode(&der).into_bytes(),
            modulus.as_bytes(),
            &public.to_string().into_bytes(),
        ];
        for secret in secrets {
            for (name, algorithm) in [
                ("HS256", hmac::HMAC_SHA256),
                ("HS384", hmac::HMAC_SHA384),
                ("HS512", hmac::HMAC_SHA512),
            ] {
                let header = with(key.header(), &json!({"alg": name}));
                let message = unsigned(&header, &provider.claims(json!({})));
                let tag = hmac::sign(&hmac::Key::new(algorithm, secret), message.as_bytes());
                refuses(&verifier, &format!("{message}.{}", encoded(tag))).await;
            }
        }
    }
}

#[tokio::test]
async fn a_header_brings_no_keys_of_its_own() {
    let thief = SigningKey::rsa("rsa-1");
    let elsewhere = Provider::start(&[&thief]);
    let provider = Provider::start(&[&RSA]);
    let verifier = provider.verifier();
    let public = thief.public();
    for changes in [
        json!({"jku": elsewhere.url(KEYS)}),
        json!({"x5u": elsewhere.url(KEYS)}),
        json!({"jwk": public}),
        json!({"jwk": public, "kid": null}),
        json!({"x5c": [STANDARD.encode(thief.public_der())]}),
        json!({"jku": elsewhere.url(KEYS), "kid": elsewhere.url(KEYS)}),
        json!({"kid": "../../../../dev/null"}),
        json!({"kid": "' OR '1'='1"}),
        json!({}),
    ] {
        let token = thief.token(&with(thief.header(), &changes), &provider.claims(json!({})));
        refuses(&verifier, &token).await;
    }
    assert_eq!(elsewhere.asked(KEYS), 0);
    // The true key's tokens are good, whatever else stands there.
    let header = with(RSA.header(), &json!({"jku": elsewhere.url(KEYS), "jwk": public}));
    let token = RSA.token(&header, &provider.claims(json!({})));
    verify(&verifier, &token, 0).await.expect("a good token");
    assert_eq!(elsewhere.asked(KEYS), 0);
}

#[tokio::test]
async fn the_algorithm_is_that_of_the_key() {
    let provider = Provider::start(&[&RSA, &P256, &EDWARDS]);
    let verifier = provider.verifier();
    for key in [&*RSA, &*P256, &*EDWARDS] {
        for algorithm in [
            "RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "ES256K", "EdDSA",
        ] {
            if algorithm != key.algorithm() {
                let header = with(key.header(), &json!({"alg": algorithm}));
                refuses(&verifier, &key.token(&header, &provider.claims(json!({})))).await;
            }
        }
        for other in [&*RSA, &*P256, &*EDWARDS] {
            if other.id != key.id {
                let header = with(key.header(), &json!({"kid": other.id}));
                refuses(&verifier, &key.token(&header, &provider.claims(json!({})))).await;
            }
        }
    }
}

#[tokio::test]
async fn other_tokens_of_the_issuer_are_no_id_tokens() {
    let provider = Provider::start(&[&EDWARDS]);
    let verifier = provider.verifier();
    for changes in [
        json!({"typ": "at+jwt"}),
        json!({"typ": "AT+JWT"}),
        json!({"typ": "application/at+jwt"}),
        json!({"typ": "logout+jwt"}),
        json!({"crit": ["b64"], "b64": false}),
        json!({"crit": []}),
    ] {
        let header = with(EDWARDS.header(), &changes);
        refuses(&verifier, &EDWARDS.token(&header, &provider.claims(json!({})))).await;
    }
    let logout = json!({"http://schemas.openid.net/event/backchannel-logout": {}});
    for changes in [
        json!({"events": logout}),
        json!({"typ": "Bearer"}),
        json!({"typ": "Logout"}),
    ] {
        let token = EDWARDS.token(&EDWARDS.header(), &provider.claims(changes));
        refuses(&verifier, &token).await;
    }
}

#[tokio::test]
async fn claims_that_are_missing_wrong_or_of_another_type_are_refused() {
    let provider = Provider::start(&[&EDWARDS]);
    let verifier = provider.verifier();
    for changes in [
        json!({"iss": null}),
        json!({"iss": "https://issuer.example"}),
        json!({"iss": provider.url("/")}),
        json!({"iss": [provider.issuer()]}),
        json!({"sub": null}),
        json!({"sub": ""}),
        json!({"sub": "x".repeat(256)}),
        json!({"sub": "zero\0"}),
        json!({"sub": 248_289_761_001_u64}),
        json!({"aud": {"ocellus": true}}),
        json!({"exp": null}),
        json!({"exp": NOW - 31}),
        json!({"exp": "2100-01-01"}),
        json!({"iat": null}),
        json!({"iat": NOW + 31}),
        json!({"nbf": NOW + 31}),
        json!({"nbf": "soon"}),
        json!({"email": ["ada@example.org"]}),
        json!({"email_verified": 1}),
    ] {
        let claims = provider.claims(changes);
        refuses(&verifier, &EDWARDS.token(&EDWARDS.header(), &claims)).await;
    }
}

#[tokio::test]
async fn a_token_that_was_changed_is_refused() {
    let provider = Provider::start(&[&RSA, &P256, &EDWARDS]);
    let verifier = provider.verifier();
    let other = encoded(provider.claims(json!({"sub": "1"})).to_string());
    for key in [&*RSA, &*P256, &*EDWARDS] {
        let token = provider.token(key);
        let parts: Vec<&str> = token.split('.').collect();
        let [header, claims, signature] = parts[..] else {
            panic!("three parts")
        };
        let short = &signature[..signature.len() - 4];
        let zeros = encoded(vec![0; 64]);
        for changed in [
            format!("{header}.{other}.{signature}"),
            format!("{header}.{claims}.{short}"),
            format!("{header}.{claims}.{signature}AAAA"),
            format!("{header}.{claims}.{signature}="),
            format!("{header}.{claims}.{zeros}"),
            format!("{header}.{claims}.{signature}.{signature}"),
            format!(" {token}"),
            format!("{token}\n"),
        ] {
            refuses(&verifier, &changed).await;
        }
    }
}

#[tokio::test]
async fn what_is_no_token_is_refused_before_anybody_is_asked() {
    let provider = Provider::start(&[&EDWARDS]);
    let verifier = provider.verifier();
    let long = EDWARDS.token(
        &EDWARDS.header(),
        &provider.claims(json!({"more": "x".repeat(16 * 1024)})),
    );
    let array = format!("{}.{}.", encoded("[]"), encoded("[]"));
    let keys = key_set(&[&EDWARDS]).to_string();
    for token in [
        "", ".", "..", "...", "nonsense", "a.b.c", "é.é.é", &array, &keys, &long,
    ] {
        refuses(&verifier, token).await;
    }
    assert_eq!((provider.asked(DISCOVERY), provider.asked(KEYS)), (0, 0));
}
