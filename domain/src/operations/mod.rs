//! Health checks and idempotency keys.

mod idempotency;
mod ports;

pub use idempotency::{IdempotencyKey, KeyState, StoredResponse};
#[cfg(feature = "test-support")]
pub use ports::MockHealthProbe;
pub use ports::{HealthProbe, IdempotencyRepository};
