//! The clock and new ids.

mod clock;
mod ids;

pub use clock::SystemClock;
pub use ids::UuidV7Generator;
