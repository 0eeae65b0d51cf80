//! The use cases of Ocellus: one file and one struct each, on the ports of the domain only.

pub mod accounts;
pub mod error;
pub mod faces;
pub mod images;
pub mod ocr;
pub mod operations;
pub mod predictions;
pub mod tasks;

#[cfg(test)]
mod fixtures;

pub use error::{Error, ErrorCode, FieldError};
