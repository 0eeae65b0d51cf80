//! What an ID token claims, and whether it counts here.

use domain::{
    accounts::{Email, Identity, IdentityClaims},
    clock::Timestamp,
};
use serde::{Deserialize, de::IgnoredAny};

/// Seconds that clocks may differ.
const LEEWAY: i64 = 30;

/// The claims as they travel.
#[derive(Deserialize)]
pub(super) struct WireClaims {
    iss: String,
    sub: String,
    aud: OneOrMany,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    email: Option<String>,
    email_verified: Option<Truth>,
    name: Option<String>,
    /// Only logout tokens have it.
    events: Option<IgnoredAny>,
    /// How Keycloak tells its tokens apart.
    typ: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// Some providers write truth values as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Truth {
    Plain(bool),
    Written(String),
}

impl OneOrMany {
    fn as_slice(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

impl Truth {
    fn holds(&self) -> bool {
        match self {
            Self::Plain(holds) => *holds,
            Self::Written(text) => text == "true",
        }
    }
}

impl WireClaims {
    /// What they say, when they are of this issuer, meant for one of these audiences and valid at `now`.
    pub(super) fn check(self, issuer: &str, audiences: &[String], now: Timestamp) -> Option<IdentityClaims> {
        let counts = self.iss == issuer
            && self.is_meant_for(audiences)
            && self.is_valid_at(now.unix_seconds())
            && self.is_of_an_id_token();
        let verified = self.email_verified.is_some_and(|truth| truth.holds());
        let email = self.email.filter(|_| verified);
        counts.then_some(IdentityClaims {
            identity: Identity::new(&self.iss, &self.sub)?,
            verified_email: email.and_then(|email| Email::parse(&email)),
            name: self.name,
        })
    }

    fn is_meant_for(&self, audiences: &[String]) -> bool {
        let named = self.aud.as_slice();
        let authorized = match &self.azp {
            Some(party) => audiences.contains(party),
            None => named.len() == 1,
        };
        authorized && named.iter().any(|audience| audiences.contains(audience))
    }

    fn is_valid_at(&self, now: i64) -> bool {
        let begun = |moment: i64| moment.saturating_sub(LEEWAY) <= now;
        now < self.exp.saturating_add(LEEWAY) && begun(self.iat) && self.nbf.is_none_or(begun)
    }

    fn is_of_an_id_token(&self) -> bool {
        self.events.is_none() && self.typ.as_deref().is_none_or(|kind| kind == "ID")
    }
}
