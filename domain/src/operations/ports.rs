//! What running the service needs from outside.

use crate::BoxError;
use async_trait::async_trait;

/// A part of the service that can fail on its own.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait HealthProbe: Send + Sync {
    /// Does the least that shows the part to work.
    async fn probe(&self) -> Result<(), BoxError>;
}
