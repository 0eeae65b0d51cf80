//! Running the service.
#![expect(
    clippy::unused_async,
    reason = "operations are async, whether or not they wait"
)]

mod dto;
mod metrics_access;

use crate::{
    api_error::{ApiError, UNAUTHORIZED},
    services::Services,
    tags::Tag,
};
use dto::{HealthDto, JwksDto, LivenessDto};
use metrics_access::MetricsAccess;
pub use metrics_access::MetricsSettings;
use poem::web::Data;
use poem_openapi::{
    ApiResponse, OpenApi,
    payload::{Json, PlainText},
};
use std::sync::Arc;

/// The operations of running the service.
pub struct OperationsApi;

#[derive(ApiResponse)]
enum Ready {
    /// Every part that requests need answers.
    #[oai(status = 200)]
    Ready(Json<HealthDto>),
    /// A part that requests need does not answer.
    #[oai(status = 503)]
    NotReady(
        Json<HealthDto>,
        /// Seconds after which asking again may help.
        #[oai(header = "Retry-After")]
        u32,
    ),
}

#[derive(ApiResponse)]
enum Elsewhere {
    /// What is looked for is found there.
    #[oai(status = 307)]
    Temporarily(
        /// Where.
        #[oai(header = "Location")]
        String,
    ),
}

#[OpenApi(tag = "Tag::Operations")]
impl OperationsApi {
    /// The way in for a person
    #[oai(path = "/", method = "get", operation_id = "home", hidden)]
    async fn home(&self) -> Elsewhere {
        Elsewhere::Temporarily("/docs".to_owned())
    }

    /// Is the process alive?
    #[oai(path = "/health/live", method = "get", operation_id = "getLiveness")]
    async fn live(&self) -> Json<LivenessDto> {
        Json(LivenessDto::alive())
    }

    /// Can it serve requests?
    ///
    /// Names every part: the database, storage and OCR decide.
    #[oai(path = "/health/ready", method = "get", operation_id = "getReadiness")]
    async fn ready(&self, services: Data<&Arc<Services>>) -> Ready {
        let readiness = services.readiness.check().await;
        let health = Json(HealthDto::from(&readiness));
        if readiness.is_ready() {
            Ready::Ready(health)
        } else {
            Ready::NotReady(health, 5)
        }
    }

    /// Metrics for Prometheus
    ///
    /// Needs the bearer token of the configuration where one is set.
    #[oai(path = "/metrics", method = "get", operation_id = "getMetrics")]
    async fn metrics(&self, access: MetricsAccess) -> Result<PlainText<String>, ApiError<UNAUTHORIZED>> {
        Ok(PlainText(access.render()?))
    }

    /// The public keys of access tokens
    ///
    /// A JSON Web Key Set (RFC 7517) to verify access tokens with.
    #[oai(path = "/.well-known/jwks.json", method = "get", operation_id = "getKeys")]
    async fn keys(&self, services: Data<&Arc<Services>>) -> Json<JwksDto> {
        Json(services.access_tokens.public_keys().into())
    }
}
