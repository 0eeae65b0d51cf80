//! The groups of operations in the documentation.

use poem_openapi::Tags;

/// A group of operations.
#[derive(Tags)]
pub enum Tag {
    /// Registering, logging in and keeping a profile.
    Accounts,
    /// What admins do with the accounts of others.
    Admin,
    /// Logging in with a face.
    Faces,
    /// Uploading, listing, fetching and deleting images.
    Images,
    /// Reading the text of images.
    Text,
    /// Classifying images, and following how good that is.
    Predictions,
    /// Work that is done later: submitted, followed, cancelled.
    Tasks,
    /// Running the service.
    Operations,
}
