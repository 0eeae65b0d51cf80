//! Blob stores.

mod local;

pub use local::{BlobFolderError, LocalBlobStore};
