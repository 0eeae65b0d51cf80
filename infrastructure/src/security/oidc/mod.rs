//! ID tokens of OpenID providers (OpenID Connect Core 1.0, 3.1.3.7).

mod claims;
mod documents;
mod issuer_keys;
mod key_set;
mod provider;

use async_trait::async_trait;
use claims::WireClaims;
use documents::Documents;
use domain::{
    accounts::{IdTokenError, IdTokenVerifier, IdentityClaims},
    clock::Timestamp,
};
use issuer_keys::IssuerKeys;
use jsonwebtoken::{Algorithm, Header, Validation, dangerous::insecure_decode, decode};
pub use provider::{InvalidProvider, OpenIdProvider};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::sync::Arc;

/// The most bytes of a token.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// Verifies the ID tokens of some providers with the keys that they publish, which are fetched when they are first needed
/// and kept for as long as the provider allows.
pub struct OpenIdTokenVerifier {
    issuers: Vec<Issuer>,
}

struct Issuer {
    name: String,
    /// Who this service is to the issuer; several where several clients share this service.
    audiences: Vec<String>,
    keys: IssuerKeys,
}

/// The one claim that is read before the signature is checked: it says whose signature it must be.
#[derive(Deserialize)]
struct Claimed {
    iss: String,
}

impl OpenIdTokenVerifier {
    /// For these providers; of two with the same issuer the audiences count together.
    pub fn new(providers: Vec<OpenIdProvider>) -> Self {
        let documents = Arc::new(Documents::new());
        let mut issuers: Vec<Issuer> = Vec::new();
        for provider in providers {
            if let Some(known) = issuers.iter_mut().find(|known| known.name == provider.issuer) {
                known.audiences.push(provider.audience);
                continue;
            }
            issuers.push(Issuer {
                name: provider.issuer.clone(),
                audiences: vec![provider.audience],
                keys: IssuerKeys::new(provider.issuer, provider.place, documents.clone()),
            });
        }
        Self { issuers }
    }
}

/// Whether the header is one of an ID token. What it says of keys but their name is passed over: the keys come from the
/// issuer alone.
fn is_of_an_id_token(header: &Header) -> bool {
    let algorithm = matches!(header.alg, Algorithm::RS256 | Algorithm::ES256 | Algorithm::EdDSA);
    // Access and logout tokens of the same issuer have kinds of their own (RFC 9068, OpenID Connect Back-Channel Logout).
    let kind = header
        .typ
        .as_deref()
        .is_none_or(|kind| kind.eq_ignore_ascii_case("JWT"));
    // Extensions that must be understood are not.
    algorithm && kind && header.crit.is_none()
}

/// Only the signature: the claims are checked here, by the given time.
fn signature_alone(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.set_required_spec_claims::<&str>(&[]);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation
}

#[async_trait]
impl IdTokenVerifier for OpenIdTokenVerifier {
    async fn verify(&self, token: &SecretString, now: Timestamp) -> Result<IdentityClaims, IdTokenError> {
        if self.issuers.is_empty() {
            return Err(IdTokenError::NoIssuer);
        }
        let token = token.expose_secret();
        if token.len() > MAX_TOKEN_BYTES {
            return Err(IdTokenError::Invalid);
        }
        let presented = insecure_decode::<Claimed>(token).map_err(|_| IdTokenError::Invalid)?;
        let header = presented.header;
        let issuer = self
            .issuers
            .iter()
            .find(|known| known.name == presented.claims.iss);
        let issuer = issuer
            .filter(|_| is_of_an_id_token(&header))
            .ok_or(IdTokenError::Invalid)?;
        let key = issuer.keys.find(header.kid.as_deref(), header.alg, now).await;
        let key = key
            .map_err(IdTokenError::Unavailable)?
            .ok_or(IdTokenError::Invalid)?;
        let verified = decode::<WireClaims>(token, &key, &signature_alone(header.alg));
        let claims = verified.map_err(|_| IdTokenError::Invalid)?.claims;
        claims
            .check(&issuer.name, &issuer.audiences, now)
            .ok_or(IdTokenError::Invalid)
    }
}
