//! Running the service.

mod check_readiness;

pub use check_readiness::{CheckReadiness, Readiness};
