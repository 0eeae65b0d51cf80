//! Idempotency keys and readiness.

mod idempotency;
mod readiness;

pub(crate) use idempotency::store_response;
pub use idempotency::{Acquisition, Idempotency, IdempotencyGuard};
pub use readiness::{Readiness, ReadinessCheck};
