//! Running the service.

mod answer_once;
mod check_readiness;
mod forget_answers;
mod receipt;

pub use answer_once::{Idempotency, Turn};
pub use check_readiness::{CheckReadiness, Readiness};
pub use forget_answers::DeleteExpiredIdempotencyKeys;
pub use receipt::IdempotencyGuard;
