//! Blob stores.

mod local;
mod s3;
mod walk;

use domain::{
    BoxError,
    images::{BlobError, BlobKey},
};
pub use local::{BlobFolderError, LocalBlobStore};
pub use s3::{S3Access, S3BlobStore, S3Encryption, S3Error, S3Keys, S3Settings};

/// A key that no blob has.
#[derive(Debug, thiserror::Error)]
#[error("not a blob key")]
struct InvalidKey;

/// The text of a key. Keys are made by the domain; one that could lead elsewhere is refused all the same.
fn checked(key: &BlobKey) -> Result<&str, BlobError> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let named = |part: &str| !part.is_empty() && part.bytes().all(plain);
    if key.as_str().split('/').all(named) {
        Ok(key.as_str())
    } else {
        Err(unavailable(InvalidKey))
    }
}

fn unavailable(error: impl Into<BoxError>) -> BlobError {
    BlobError::Unavailable(error.into())
}
