//! The business of Ocellus: types that are valid by construction, rules, and the ports through which the outside is
//! reached. There is no input or output here, and no framework.

pub mod accounts;
pub mod clock;
pub mod faces;
pub mod ids;
pub mod images;
#[cfg(feature = "test-support")]
mod memory_store;
pub mod named;
pub mod ocr;
pub mod operations;
pub mod page;
pub mod predictions;
pub mod store;
pub mod tasks;

/// The source of a failure in an adapter: logged once, never sent to a client.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
