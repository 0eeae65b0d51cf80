//! What a token must be to pass, one property after the other.

use super::*;
use chrono::TimeDelta;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

const ISSUED: i64 = 1_800_000_000;

fn tokens() -> Ed25519AccessTokens {
    Ed25519AccessTokens::new(&Ed25519KeyPair::generate().unwrap()).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    moment(seconds).unwrap()
}

fn claims() -> AccessClaims {
    AccessClaims {
        user_id: UserId(Uuid::from_u128(1)),
        session_id: SessionId(Uuid::from_u128(2)),
        token_id: Uuid::from_u128(3),
        issued_at: at(ISSUED),
        expires_at: at(ISSUED) + TimeDelta::minutes(15),
    }
}

/// The claims on the wire, with some of them replaced.
fn wire(changes: Value) -> Value {
    let mut claims = json!({
        "iss": "ocellus", "aud": "ocellus", "sub": Uuid::from_u128(1), "sid": Uuid::from_u128(2),
        "jti": Uuid::from_u128(3), "iat": ISSUED, "exp": ISSUED + 900,
    });
    let Value::Object(changes) = changes else {
        panic!("changes are an object")
    };
    claims.as_object_mut().unwrap().extend(changes);
    claims
}

fn passes(tokens: &Ed25519AccessTokens, header: &Header, claims: &Value) -> bool {
    let token = encode(header, claims, &tokens.signs).unwrap();
    tokens.verify(&token, at(ISSUED)).is_ok()
}

#[test]
fn a_token_gives_its_claims_back() {
    let tokens = tokens();
    let token = tokens.issue(&claims()).unwrap();
    assert_eq!(tokens.verify(token.expose_secret(), at(ISSUED)), Ok(claims()));
}

#[test]
fn the_header_and_the_claims_are_those_of_the_contract() {
    let tokens = tokens();
    let token = tokens.issue(&claims()).unwrap();
    let part = |index: usize| -> Value {
        let part = token.expose_secret().split('.').nth(index).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    let id = &tokens.public_keys()[0].id;
    assert_eq!(part(0), json!({"typ": "at+jwt", "alg": "EdDSA", "kid": id}));
    assert_eq!(part(1), wire(json!({})));
}

#[test]
fn the_key_is_named_by_its_thumbprint() {
    // The example of RFC 8037, appendix A.3.
    let public = URL_SAFE_NO_PAD
        .decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
        .unwrap();
    let id = thumbprint(&public.try_into().unwrap());
    assert_eq!(id, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

#[test]
fn a_token_lives_until_thirty_seconds_after_its_end_by_the_given_time() {
    let tokens = tokens();
    let token = tokens.issue(&claims()).unwrap();
    let verify = |seconds| tokens.verify(token.expose_secret(), at(seconds));
    assert!(verify(ISSUED + 900 + 29).is_ok());
    assert_eq!(verify(ISSUED + 900 + 30), Err(InvalidToken));
}

#[test]
fn a_token_from_more_than_thirty_seconds_ahead_is_refused() {
    let tokens = tokens();
    let token = tokens.issue(&claims()).unwrap();
    let verify = |seconds| tokens.verify(token.expose_secret(), at(seconds));
    assert!(verify(ISSUED - 30).is_ok());
    assert_eq!(verify(ISSUED - 31), Err(InvalidToken));
}

#[test]
fn times_without_sense_are_refused() {
    let tokens = tokens();
    for changes in [
        json!({"exp": i64::MAX}),
        json!({"exp": "tomorrow"}),
        json!({"exp": null}),
        json!({"iat": i64::MIN}),
        json!({"iat": i64::MAX}),
    ] {
        assert!(
            !passes(&tokens, &tokens.header, &wire(changes.clone())),
            "{changes}"
        );
    }
}

#[test]
fn another_kind_of_token_under_the_same_key_is_refused() {
    let tokens = tokens();
    for typ in [None, Some("JWT".to_owned()), Some("id+jwt".to_owned())] {
        let header = Header {
            typ,
            ..tokens.header.clone()
        };
        assert!(!passes(&tokens, &header, &wire(json!({}))), "{:?}", header.typ);
    }
    assert!(passes(&tokens, &tokens.header, &wire(json!({}))));
}

#[test]
fn another_or_no_key_id_is_refused() {
    let tokens = tokens();
    for kid in [None, Some("another".to_owned())] {
        let header = Header {
            kid,
            ..tokens.header.clone()
        };
        assert!(!passes(&tokens, &header, &wire(json!({}))), "{:?}", header.kid);
    }
}

#[test]
fn another_issuer_or_audience_is_refused() {
    let tokens = tokens();
    for changes in [
        json!({"iss": "another"}),
        json!({"iss": null}),
        json!({"aud": "another"}),
        json!({"aud": null}),
        json!({"aud": ["another"]}),
    ] {
        assert!(
            !passes(&tokens, &tokens.header, &wire(changes.clone())),
            "{changes}"
        );
    }
}

#[test]
fn a_token_of_another_key_is_refused() {
    let token = tokens().issue(&claims()).unwrap();
    assert!(tokens().verify(token.expose_secret(), at(ISSUED)).is_err());
    // Nor does it help to name the right key.
    let (tokens, other) = (tokens(), self::tokens());
    let token = encode(&tokens.header, &wire(json!({})), &other.signs).unwrap();
    assert!(tokens.verify(&token, at(ISSUED)).is_err());
}

#[test]
fn a_token_without_a_signature_is_refused() {
    let tokens = tokens();
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let kid = &tokens.public_key.id;
    for algorithm in ["none", "None", "EdDSA"] {
        let header = json!({"typ": KIND, "alg": algorithm, "kid": kid});
        let token = format!("{}.{}.", part(&header), part(&wire(json!({}))));
        assert!(tokens.verify(&token, at(ISSUED)).is_err(), "{algorithm}");
    }
}

#[test]
fn a_token_signed_with_the_public_key_as_a_shared_secret_is_refused() {
    let tokens = tokens();
    let header = Header {
        alg: Algorithm::HS256,
        ..tokens.header.clone()
    };
    let PublicKey { bytes, .. } = tokens.public_key;
    let pem = pem::encode(&pem::Pem::new("PUBLIC KEY", bytes));
    for secret in [
        &bytes[..],
        pem.as_bytes(),
        URL_SAFE_NO_PAD.encode(bytes).as_bytes(),
    ] {
        let token = encode(&header, &wire(json!({})), &EncodingKey::from_secret(secret)).unwrap();
        assert!(tokens.verify(&token, at(ISSUED)).is_err());
    }
}

#[test]
fn a_header_brings_no_keys_of_its_own() {
    let (tokens, thief) = (tokens(), tokens());
    let public = thief.public_key.bytes;
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(public)});
    for changes in [
        json!({"jku": "https://thief.example/keys"}),
        json!({"x5u": "https://thief.example/certificate"}),
        json!({"jwk": jwk}),
        json!({"x5c": [base64::engine::general_purpose::STANDARD.encode(public)]}),
        json!({"jku": "https://thief.example/keys", "kid": thief.public_key.id}),
        json!({"jwk": jwk, "kid": thief.public_key.id}),
    ] {
        let mut header = json!({"typ": KIND, "alg": "EdDSA", "kid": tokens.public_key.id});
        let Value::Object(changes) = changes else {
            panic!("changes are an object")
        };
        header.as_object_mut().unwrap().extend(changes);
        let header: Header = serde_json::from_value(header).unwrap();
        let token = encode(&header, &wire(json!({})), &thief.signs).unwrap();
        assert!(tokens.verify(&token, at(ISSUED)).is_err(), "{header:?}");
    }
}

#[test]
fn a_token_under_another_algorithm_is_refused() {
    let tokens = tokens();
    let token = tokens.issue(&claims()).unwrap();
    let (_, rest) = token.expose_secret().split_once('.').unwrap();
    for algorithm in ["ES256", "RS256", "PS256", "HS256", "HS512", "Ed25519", "eddsa"] {
        let header = json!({"typ": KIND, "alg": algorithm, "kid": tokens.public_key.id});
        let token = format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header.to_string()));
        assert!(tokens.verify(&token, at(ISSUED)).is_err(), "{algorithm}");
    }
}

#[test]
fn a_token_that_was_changed_is_refused() {
    let tokens = tokens();
    let token = tokens.issue(&claims()).unwrap();
    let [header, _, signature]: [&str; 3] = token
        .expose_secret()
        .split('.')
        .collect::<Vec<_>>()
        .try_into()
        .unwrap();
    let changed = URL_SAFE_NO_PAD.encode(wire(json!({"sub": Uuid::from_u128(9)})).to_string());
    for token in [
        format!("{header}.{changed}.{signature}"),
        String::new(),
        "..".to_owned(),
        format!("{}.", token.expose_secret()),
        format!("{} ", token.expose_secret()),
        "é".repeat(10_000),
    ] {
        assert!(tokens.verify(&token, at(ISSUED)).is_err());
    }
}
