//! Uploaded images, their bytes, and what becomes of the bytes.

mod content;
mod filename;
mod image;
mod media_type;
mod ports;
mod quota;

#[cfg(feature = "test-support")]
pub use content::test_support;
pub use content::{ByteSource, BytesSource, ContentMeter, Measured, Sha256Digest, SourceError};
pub use filename::Filename;
pub use image::{BlobKey, Image};
pub use media_type::MediaType;
pub use ports::{
    BlobDeletionReader, BlobDeletionRepository, BlobError, BlobListing, BlobStore, ImageError, ImageFacts,
    ImageInspector, ImageReader, ImageRepository, ObjectMetadata,
};
#[cfg(feature = "test-support")]
pub use ports::{MockBlobListing, MockBlobStore, MockImageInspector};
pub use quota::StorageQuota;
