//! Access tokens as JSON Web Tokens, signed with Ed25519.

use super::signing_key::{self, SigningKeyError};
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::DateTime;
use domain::{
    BoxError,
    accounts::{AccessClaims, AccessTokens, InvalidToken, PublicKey},
    clock::Timestamp,
    ids::{SessionId, UserId},
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::Path;
use uuid::Uuid;

/// The kind of token (RFC 9068), which keeps other tokens under the same key apart.
const KIND: &str = "at+jwt";
/// Who makes the tokens, and whom they are for.
const SERVICE: &str = "ocellus";
/// Seconds that clocks may differ.
const LEEWAY: i64 = 30;

/// Signs and verifies access tokens with one Ed25519 key.
pub struct Ed25519AccessTokens {
    public_key: PublicKey,
    header: Header,
    signs: EncodingKey,
    verifies: DecodingKey,
    validation: Validation,
}

/// The claims as they travel.
#[derive(Serialize, Deserialize)]
struct WireClaims {
    iss: String,
    aud: String,
    sub: Uuid,
    exp: i64,
    iat: i64,
    jti: Uuid,
    sid: Uuid,
}

impl Ed25519AccessTokens {
    /// With the key in a PEM file, which is generated, readable by its owner alone, when there is none. Processes that
    /// start at once end with the same key. Blocks on the file system.
    ///
    /// # Errors
    ///
    /// [`SigningKeyError`] when the file can be neither read nor created, or holds something else.
    pub fn load_or_generate(path: &Path) -> Result<Self, SigningKeyError> {
        Self::new(&signing_key::load_or_generate(path)?)
    }

    /// With a private key in PEM (PKCS#8), as `openssl genpkey -algorithm ed25519` writes it.
    ///
    /// # Errors
    ///
    /// [`SigningKeyError::Invalid`] when the text is something else.
    pub fn from_pem(pem: &SecretString) -> Result<Self, SigningKeyError> {
        Self::new(&signing_key::parse(pem)?)
    }

    fn new(key: &Ed25519KeyPair) -> Result<Self, SigningKeyError> {
        let private = key.to_pkcs8().map_err(|_| SigningKeyError::Invalid)?;
        let bytes = signing_key::public_bytes(key);
        let id = thumbprint(&bytes);
        Ok(Self {
            header: Header {
                typ: Some(KIND.to_owned()),
                kid: Some(id.clone()),
                ..Header::new(Algorithm::EdDSA)
            },
            public_key: PublicKey { id, bytes },
            signs: EncodingKey::from_ed_der(private.as_ref()),
            verifies: DecodingKey::from_ed_der(&bytes),
            validation: validation(),
        })
    }
}

/// Everything but the time, which comes from the caller and not from the clock that the library would ask.
fn validation() -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    validation.set_issuer(&[SERVICE]);
    validation.set_audience(&[SERVICE]);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation
}

/// The key's identifier by RFC 7638: the digest of its required members in their fixed order.
fn thumbprint(public: &[u8; 32]) -> String {
    let x = URL_SAFE_NO_PAD.encode(public);
    let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    URL_SAFE_NO_PAD.encode(Sha256::digest(canonical))
}

fn moment(seconds: i64) -> Result<Timestamp, InvalidToken> {
    DateTime::from_timestamp(seconds, 0)
        .map(Timestamp::new)
        .ok_or(InvalidToken)
}

impl AccessTokens for Ed25519AccessTokens {
    fn issue(&self, claims: &AccessClaims) -> Result<SecretString, BoxError> {
        let claims = WireClaims {
            iss: SERVICE.to_owned(),
            aud: SERVICE.to_owned(),
            sub: claims.user_id.0,
            exp: claims.expires_at.unix_seconds(),
            iat: claims.issued_at.unix_seconds(),
            jti: claims.token_id,
            sid: claims.session_id.0,
        };
        Ok(encode(&self.header, &claims, &self.signs)?.into())
    }

    fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, InvalidToken> {
        let token =
            decode::<WireClaims>(token, &self.verifies, &self.validation).map_err(|_| InvalidToken)?;
        if token.header.typ != self.header.typ || token.header.kid != self.header.kid {
            return Err(InvalidToken);
        }
        let claims = token.claims;
        let now = now.unix_seconds();
        if claims.exp.saturating_add(LEEWAY) <= now || claims.iat.saturating_sub(LEEWAY) > now {
            return Err(InvalidToken);
        }
        Ok(AccessClaims {
            user_id: UserId(claims.sub),
            session_id: SessionId(claims.sid),
            token_id: claims.jti,
            issued_at: moment(claims.iat)?,
            expires_at: moment(claims.exp)?,
        })
    }

    fn public_keys(&self) -> Vec<PublicKey> {
        vec![self.public_key.clone()]
    }
}

#[cfg(test)]
#[path = "access_tokens_tests.rs"]
mod tests;
