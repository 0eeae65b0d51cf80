//! How much a user may store.

/// Limits per user; `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StorageQuota {
    /// The most bytes of all images together.
    pub bytes: Option<u64>,
    /// The most images.
    pub images: Option<u64>,
}
