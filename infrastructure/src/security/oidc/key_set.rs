//! The keys that an issuer publishes (RFC 7517).

use domain::BoxError;
use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::Value;

/// Those keys of an issuer that ID tokens may be signed with.
pub(super) struct KeySet(Vec<VerifyingKey>);

/// A key that is good for one algorithm alone.
struct VerifyingKey {
    id: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

#[derive(Deserialize)]
struct WireKeySet {
    /// One by one, for those of a kind that is not known are passed over.
    keys: Vec<Value>,
}

impl KeySet {
    /// Reads a JWK Set; an error when no key of it is of use.
    pub(super) fn parse(document: &[u8]) -> Result<Self, BoxError> {
        let set: WireKeySet = serde_json::from_slice(document)?;
        let keys: Vec<_> = set.keys.into_iter().filter_map(verifying).collect();
        if keys.is_empty() {
            return Err("no key of the set verifies RS256, ES256 or EdDSA".into());
        }
        Ok(Self(keys))
    }

    /// The key of this name, if it is for this algorithm. It may be nameless only where there is no other.
    pub(super) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<&DecodingKey> {
        let found = match (id, self.0.as_slice()) {
            (None, [only]) => Some(only).filter(|key| key.algorithm == algorithm),
            (None, _) => None,
            (Some(id), keys) => keys
                .iter()
                .find(|key| key.id.as_deref() == Some(id) && key.algorithm == algorithm),
        };
        found.map(|found| &found.key)
    }
}

/// The algorithm follows from the kind of key, never from a token; `None` when the key is for something else.
fn verifying(key: Value) -> Option<VerifyingKey> {
    let key: Jwk = serde_json::from_value(key).ok()?;
    let algorithm = match &key.algorithm {
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(point) if point.curve == EllipticCurve::P256 => Algorithm::ES256,
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
        _ => return None,
    };
    let common = &key.common;
    let named = common.key_algorithm.is_none_or(|named| named == algorithm.into());
    let signs = common
        .public_key_use
        .as_ref()
        .is_none_or(|purpose| *purpose == PublicKeyUse::Signature);
    let operations = common.key_operations.as_ref();
    let verifies = operations.is_none_or(|operations| operations.contains(&KeyOperations::Verify));
    (named && signs && verifies).then_some(())?;
    Some(VerifyingKey {
        key: DecodingKey::from_jwk(&key).ok()?,
        id: key.common.key_id,
        algorithm,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rsa(changes: &Value) -> Value {
        with(
            json!({"kty": "RSA", "kid": "1", "n": "sXch", "e": "AQAB"}),
            changes,
        )
    }

    fn with(mut key: Value, changes: &Value) -> Value {
        for (name, value) in changes.as_object().unwrap() {
            key[name] = value.clone();
        }
        key
    }

    fn set(keys: &[Value]) -> Option<KeySet> {
        KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).ok()
    }

    #[test]
    fn a_key_is_good_for_the_algorithm_of_its_kind_alone() {
        let elliptic = json!({"kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ", "kid": "2", "use": "sig"});
        let edwards = json!({"kty": "OKP", "crv": "Ed25519", "x": "AQ", "kid": "3", "alg": "EdDSA"});
        let keys = set(&[rsa(&json!({"key_ops": ["verify"]})), elliptic, edwards]).unwrap();
        let all = [
            Algorithm::RS256,
            Algorithm::ES256,
            Algorithm::EdDSA,
            Algorithm::HS256,
            Algorithm::RS512,
        ];
        for (id, good) in [
            ("1", Algorithm::RS256),
            ("2", Algorithm::ES256),
            ("3", Algorithm::EdDSA),
        ] {
            for algorithm in all {
                assert_eq!(keys.find(Some(id), algorithm).is_some(), algorithm == good);
            }
        }
        assert!(keys.find(Some("4"), Algorithm::RS256).is_none());
    }

    #[test]
    fn only_where_there_is_one_key_a_token_need_not_name_it() {
        let only = set(&[rsa(&json!({}))]).unwrap();
        assert!(only.find(None, Algorithm::RS256).is_some());
        assert!(only.find(None, Algorithm::ES256).is_none());
        let two = set(&[rsa(&json!({})), rsa(&json!({"kid": "2"}))]).unwrap();
        assert!(two.find(None, Algorithm::RS256).is_none());
    }

    #[test]
    fn keys_for_anything_else_are_passed_over() {
        let others = [
            rsa(&json!({"use": "enc"})),
            rsa(&json!({"alg": "RS512"})),
            rsa(&json!({"alg": "RSA-OAEP"})),
            rsa(&json!({"key_ops": ["encrypt"]})),
            rsa(&json!({"n": "not base64!"})),
            json!({"kty": "oct", "k": "c2VjcmV0", "kid": "1"}),
            json!({"kty": "EC", "crv": "P-384", "x": "AQ", "y": "AQ"}),
            json!({"kty": "EC", "crv": "secp256k1", "x": "AQ", "y": "AQ"}),
            json!({"kty": "OKP", "crv": "X25519", "x": "AQ"}),
            json!({"kty": 1}),
            json!("key"),
        ];
        for other in &others {
            assert!(set(std::slice::from_ref(other)).is_none(), "{other}");
        }
        let mut keys = others.to_vec();
        keys.push(rsa(&json!({"kid": "good"})));
        assert!(set(&keys).unwrap().find(Some("good"), Algorithm::RS256).is_some());
        for text in ["", "{}", "[]", r#"{"keys": {}}"#, r#"{"keys": []}"#] {
            assert!(KeySet::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
