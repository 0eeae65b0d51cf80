//! The use cases of Ocellus: services by feature, on the ports of the domain only.

pub mod accounts;
mod context;
pub mod error;
pub mod faces;
pub mod images;
pub mod operations;
pub mod predictions;
pub mod tasks;
pub mod text;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod test_context;

pub use context::Context;
pub use error::{Error, ErrorCode, FieldError};
