//! Adapters: every outside thing behind a port of the domain.

pub mod blobs;
pub mod classification;
pub mod faces;
pub mod imaging;
pub mod mail;
pub mod ocr;
pub mod persistence;
pub mod queue;
pub mod security;
pub mod system;
