//! Running the service.

mod idempotency;
mod ports;

pub use idempotency::{Begun, IdempotencyKey, KeptAnswer};
pub use ports::{AnswerRepository, HealthProbe};
#[cfg(feature = "test-support")]
pub use ports::{MockAnswerRepository, MockHealthProbe};
