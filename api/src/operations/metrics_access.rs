//! Who may see the metrics.

use application::Error;
use metrics_exporter_prometheus::PrometheusHandle;
use poem::{FromRequest, Request, RequestBody, http::header};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// The metrics and who may see them.
pub struct MetricsSettings {
    /// Where the metrics are gathered.
    pub handle: PrometheusHandle,
    /// The token that a scraper must show; anybody may scrape where there is none.
    pub token: Option<SecretString>,
}

/// A scraper at the door.
pub(super) struct MetricsAccess {
    settings: Arc<MetricsSettings>,
    shown: String,
}

impl MetricsAccess {
    /// The metrics in Prometheus' text format; [`Error::Unauthenticated`] without the token.
    pub(super) fn render(self) -> Result<String, Error> {
        if let Some(token) = &self.settings.token {
            let expected = token.expose_secret().as_bytes();
            if !bool::from(self.shown.as_bytes().ct_eq(expected)) {
                return Err(Error::Unauthenticated);
            }
        }
        Ok(self.settings.handle.render())
    }
}

impl<'a> FromRequest<'a> for MetricsAccess {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> poem::Result<Self> {
        let settings = poem::web::Data::<&Arc<MetricsSettings>>::from_request(request, body).await?;
        let header = request
            .headers()
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let shown = header
            .and_then(|value| value.strip_prefix("Bearer "))
            .unwrap_or_default();
        Ok(Self {
            settings: settings.clone(),
            shown: shown.to_owned(),
        })
    }
}
