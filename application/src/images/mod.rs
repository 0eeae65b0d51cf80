//! Uploading, listing, fetching and deleting images.

mod delete_due_blobs;
mod delete_image;
mod get_image;
mod intake;
mod list_images;
mod read_image_content;
mod reconcile_blobs;
mod upload_image;

pub use delete_due_blobs::DeleteDueBlobs;
pub use delete_image::DeleteImage;
pub use get_image::GetImage;
pub(crate) use intake::UPLOAD_WINDOW;
pub use intake::{ImageIntake, Upload, UploadLimits};
pub use list_images::ListImages;
pub(crate) use read_image_content::open_content;
pub use read_image_content::{Delivery, ImageContent, LINK_LIFETIME, ReadImageContent};
pub use reconcile_blobs::{ReconcileBlobs, Reconciliation};
pub use upload_image::UploadImage;
