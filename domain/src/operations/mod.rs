//! Running the service.

mod ports;

pub use ports::HealthProbe;
#[cfg(feature = "test-support")]
pub use ports::MockHealthProbe;
