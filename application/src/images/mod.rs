//! Images: uploads, reads, deletion, and the sweep of their blobs.

mod blob_sweep;
mod owned_images;
mod uploads;

pub use blob_sweep::{BlobSweep, Reconciliation};
pub(crate) use owned_images::open_content;
pub use owned_images::{ContentSource, ImageContent, Images, LINK_LIFETIME};
pub(crate) use uploads::UPLOAD_WINDOW;
pub use uploads::{Upload, UploadLimits, Uploads};
