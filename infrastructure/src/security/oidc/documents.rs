//! Fetching the small documents that issuers publish.

use super::provider::is_of_this_machine;
use chrono::TimeDelta;
use domain::BoxError;
use rustls::crypto::aws_lc_rs;
use std::{sync::Arc, time::Duration};
use ureq::{
    Agent,
    http::{HeaderMap, StatusCode, header::CACHE_CONTROL},
    tls::{RootCerts, TlsConfig},
};
use url::Url;

/// How long a document may take from the search of its host to its last byte.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The most bytes of a document.
const MAX_BYTES: u64 = 256 * 1024;

/// Fetches documents, each over a connection of its own.
pub(super) struct Documents {
    agent: Agent,
}

/// What an issuer published.
pub(super) struct Document {
    /// Its bytes.
    pub(super) body: Vec<u8>,
    /// For how long it may be kept, if the issuer says so.
    pub(super) max_age: Option<TimeDelta>,
}

impl Documents {
    /// Trusts whom the operating system trusts, whose certificates are read at the first use.
    pub(super) fn new() -> Self {
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::PlatformVerifier)
            .unversioned_rustls_crypto_provider(Arc::new(aws_lc_rs::default_provider()));
        let config = Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .max_redirects(0)
            .max_idle_connections(0)
            .user_agent("ocellus")
            .tls_config(tls.build());
        Self {
            agent: config.build().into(),
        }
    }

    /// The document at this address, and nowhere else: redirections are not followed.
    pub(super) async fn fetch(&self, address: &Url) -> Result<Document, BoxError> {
        let (agent, address) = (self.agent.clone(), address.clone());
        tokio::task::spawn_blocking(move || fetch(&agent, &address)).await?
    }
}

fn fetch(agent: &Agent, address: &Url) -> Result<Document, BoxError> {
    let mut request = agent.get(address.as_str()).header("Accept", "application/json");
    if is_of_this_machine(address) {
        request = request.config().proxy(None).build();
    }
    let mut response = request.call()?;
    if response.status() != StatusCode::OK {
        return Err(format!("the answer was {}", response.status()).into());
    }
    let max_age = max_age(response.headers());
    let body = response.body_mut().with_config().limit(MAX_BYTES).read_to_vec()?;
    Ok(Document { body, max_age })
}

/// The `max-age` of a response (RFC 9111, 5.2.2.1).
fn max_age(headers: &HeaderMap) -> Option<TimeDelta> {
    let directives = headers
        .get_all(CACHE_CONTROL)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    let seconds = directives
        .flat_map(|value| value.split(','))
        .find_map(|directive| {
            let (name, value) = directive.split_once('=')?;
            let named = name.trim().eq_ignore_ascii_case("max-age");
            named.then(|| value.trim().trim_matches('"').parse().ok())?
        })?;
    TimeDelta::try_seconds(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_is_found_among_other_directives() {
        for (value, seconds) in [
            (
                "public, max-age=19302, must-revalidate, no-transform",
                Some(19302),
            ),
            ("Max-Age=\"60\"", Some(60)),
            ("s-maxage=5, max-age = 7", Some(7)),
            ("no-store", None),
            ("max-age=soon", None),
            ("max-age=99999999999999999999", None),
            ("", None),
        ] {
            let headers = [(CACHE_CONTROL, value.parse().unwrap())].into_iter().collect();
            assert_eq!(max_age(&headers), seconds.map(TimeDelta::seconds), "{value}");
        }
    }
}
