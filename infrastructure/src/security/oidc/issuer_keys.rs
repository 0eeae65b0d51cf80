//! The keys of one issuer: when they are fetched, and for how long they count.

use super::{
    documents::Documents,
    key_set::KeySet,
    provider::{KeyPlace, is_of_this_machine},
};
use chrono::TimeDelta;
use domain::{BoxError, clock::Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::Mutex;
use url::Url;

/// Keys are kept at least and at most so long, whatever the issuer says.
const SHORTEST: TimeDelta = TimeDelta::minutes(5);
const LONGEST: TimeDelta = TimeDelta::hours(24);
/// Keys that cannot be renewed count for so long after they were fetched.
const STALE: TimeDelta = TimeDelta::hours(24);
/// Between two fetches: a stranger who names keys that do not exist must not make us a burden to the issuer.
const PAUSE: TimeDelta = TimeDelta::seconds(30);
/// The same while there are no keys at all, and so no login.
const PAUSE_WITHOUT_KEYS: TimeDelta = TimeDelta::seconds(5);

/// Knows the keys of one issuer.
pub(super) struct IssuerKeys {
    issuer: String,
    place: KeyPlace,
    documents: Arc<Documents>,
    held: RwLock<Option<Held>>,
    /// When they were fetched last or should have been. Whoever fetches holds it, and the others wait for him.
    tried_at: Mutex<Option<Timestamp>>,
}

#[derive(Clone)]
struct Held {
    keys: Arc<KeySet>,
    fetched_at: Timestamp,
    fresh_until: Timestamp,
}

/// What an issuer says of itself.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

impl IssuerKeys {
    pub(super) fn new(issuer: String, place: KeyPlace, documents: Arc<Documents>) -> Self {
        Self {
            issuer,
            place,
            documents,
            held: RwLock::default(),
            tried_at: Mutex::default(),
        }
    }

    /// The key of this name for this algorithm; `None` when the issuer has no such key, an error when nobody can tell.
    pub(super) async fn find(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
        now: Timestamp,
    ) -> Result<Option<DecodingKey>, BoxError> {
        let find = |held: &Held| held.keys.find(id, algorithm).cloned();
        if let Some(key) = self
            .held()
            .filter(|held| now < held.fresh_until)
            .as_ref()
            .and_then(find)
        {
            return Ok(Some(key));
        }
        self.renew(now).await;
        let usable = self.held().filter(|held| now < held.fetched_at + STALE);
        usable
            .as_ref()
            .map(find)
            .ok_or_else(|| format!("there are no keys of {}", self.issuer).into())
    }

    fn held(&self) -> Option<Held> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Fetches the keys, unless that was tried just now.
    async fn renew(&self, now: Timestamp) {
        let mut tried_at = self.tried_at.lock().await;
        let pause = match self.held() {
            Some(held) if now < held.fetched_at + STALE => PAUSE,
            _ => PAUSE_WITHOUT_KEYS,
        };
        if tried_at.is_some_and(|tried_at| now < tried_at + pause) {
            return;
        }
        *tried_at = Some(now);
        match self.fetch(now).await {
            Ok(held) => *self.held.write().unwrap_or_else(PoisonError::into_inner) = Some(held),
            Err(error) => {
                let error = &*error as &dyn std::error::Error;
                tracing::warn!(
                    issuer = self.issuer,
                    error,
                    "the keys of an issuer cannot be fetched"
                );
            }
        }
    }

    async fn fetch(&self, now: Timestamp) -> Result<Held, BoxError> {
        let discovered;
        let address = match &self.place {
            KeyPlace::Fixed(address) => address,
            KeyPlace::Discovered(document) => {
                discovered = self.discover(document).await?;
                &discovered
            }
        };
        let document = self.documents.fetch(address).await?;
        let age = document.max_age.unwrap_or_default().clamp(SHORTEST, LONGEST);
        Ok(Held {
            keys: Arc::new(KeySet::parse(&document.body)?),
            fetched_at: now,
            fresh_until: now + age,
        })
    }

    /// Where the issuer says that its keys are.
    async fn discover(&self, address: &Url) -> Result<Url, BoxError> {
        let document = self.documents.fetch(address).await?;
        let discovery: Discovery = serde_json::from_slice(&document.body)?;
        if discovery.issuer != self.issuer {
            return Err("the discovery document is of another issuer".into());
        }
        let keys = Url::parse(&discovery.jwks_uri)?;
        // What an issuer elsewhere says must not make us ask this machine.
        if keys.scheme() == "https" || (is_of_this_machine(&keys) && is_of_this_machine(address)) {
            Ok(keys)
        } else {
            Err("the keys are at no https address".into())
        }
    }
}
