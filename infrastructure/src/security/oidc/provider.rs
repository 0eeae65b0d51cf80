//! Who may vouch for users, and where his keys are.

use domain::BoxError;
use url::{Host, Url};

/// Where Firebase publishes the keys that it signs ID tokens with.
const FIREBASE_KEYS: &str =
    "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com";

/// An OpenID provider, and who this service is to it.
#[derive(Debug, Clone)]
pub struct OpenIdProvider {
    /// The `iss` of its tokens, compared as it is.
    pub(super) issuer: String,
    /// The `aud` of the tokens that are meant for this service.
    pub(super) audience: String,
    /// Where its keys are.
    pub(super) place: KeyPlace,
}

/// Where the keys of an issuer are found.
#[derive(Debug, Clone)]
pub(super) enum KeyPlace {
    /// The issuer's discovery document, which is here, tells.
    Discovered(Url),
    /// Here.
    Fixed(Url),
}

/// The issuer has no address that its keys may come from.
#[derive(Debug, thiserror::Error)]
#[error("the issuer is no https address")]
pub struct InvalidProvider(#[source] Option<BoxError>);

impl OpenIdProvider {
    /// A provider that describes itself under its issuer (OpenID Connect Discovery 1.0).
    ///
    /// # Errors
    ///
    /// [`InvalidProvider`] when the issuer is neither an https address nor an http address of this machine.
    pub fn discovered(issuer: &str, audience: &str) -> Result<Self, InvalidProvider> {
        let document = format!(
            "{}/.well-known/openid-configuration",
            issuer.trim_end_matches('/')
        );
        Ok(Self::of(
            issuer,
            audience,
            KeyPlace::Discovered(address(&document)?),
        ))
    }

    /// A provider whose keys are at a fixed place.
    ///
    /// # Errors
    ///
    /// [`InvalidProvider`] when the place is neither an https address nor an http address of this machine.
    pub fn with_keys_at(issuer: &str, audience: &str, keys: &str) -> Result<Self, InvalidProvider> {
        Ok(Self::of(issuer, audience, KeyPlace::Fixed(address(keys)?)))
    }

    /// A project of Firebase Authentication.
    #[expect(
        clippy::missing_panics_doc,
        reason = "the address is always the same, and valid"
    )]
    pub fn firebase(project: &str) -> Self {
        let issuer = format!("https://securetoken.google.com/{project}");
        let keys = Url::parse(FIREBASE_KEYS).expect("a valid address");
        Self::of(&issuer, project, KeyPlace::Fixed(keys))
    }

    fn of(issuer: &str, audience: &str, place: KeyPlace) -> Self {
        Self {
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            place,
        }
    }
}

fn address(text: &str) -> Result<Url, InvalidProvider> {
    let url = Url::parse(text).map_err(|error| InvalidProvider(Some(error.into())))?;
    if url.scheme() == "https" || is_of_this_machine(&url) {
        Ok(url)
    } else {
        Err(InvalidProvider(None))
    }
}

/// Whether nobody listens in on the way, though it is plain http.
pub(super) fn is_of_this_machine(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    url.scheme() == "http" && loopback
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_of_firebase_is_its_own_issuer_and_audience() {
        let provider = OpenIdProvider::firebase("eyes-1234");
        assert_eq!(provider.issuer, "https://securetoken.google.com/eyes-1234");
        assert_eq!(provider.audience, "eyes-1234");
        assert!(matches!(provider.place, KeyPlace::Fixed(url) if url.as_str() == FIREBASE_KEYS));
    }

    #[test]
    fn a_provider_describes_itself_under_its_issuer() {
        for (issuer, document) in [
            (
                "https://a.example",
                "https://a.example/.well-known/openid-configuration",
            ),
            (
                "https://a.example/",
                "https://a.example/.well-known/openid-configuration",
            ),
            (
                "https://a.example/r/x",
                "https://a.example/r/x/.well-known/openid-configuration",
            ),
        ] {
            let provider = OpenIdProvider::discovered(issuer, "ocellus").unwrap();
            assert_eq!(provider.issuer, issuer);
            assert!(matches!(provider.place, KeyPlace::Discovered(url) if url.as_str() == document));
        }
    }

    #[test]
    fn keys_come_over_https_or_from_this_machine() {
        for issuer in [
            "http://127.0.0.1:8080",
            "http://localhost",
            "http://[::1]:1/realm",
        ] {
            assert!(OpenIdProvider::discovered(issuer, "ocellus").is_ok(), "{issuer}");
        }
        for issuer in [
            "",
            "issuer.example",
            "http://issuer.example",
            "http://127.0.0.1.issuer.example",
            "ftp://127.0.0.1",
            "file:///etc/passwd",
        ] {
            assert!(OpenIdProvider::discovered(issuer, "ocellus").is_err(), "{issuer}");
        }
    }
}
