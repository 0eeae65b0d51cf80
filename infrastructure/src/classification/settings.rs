//! How classification is set up.

use crate::blobs::S3Access;
use std::{path::PathBuf, time::Duration};
use url::Url;

/// Where the models come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelSources {
    /// Every folder in this one, by name. It need not be there.
    Folder(PathBuf),
    /// These folders and archives, in this order: `file://` or `s3://`.
    Listed(Vec<Url>),
}

/// What [`RtenClassifiers`](super::RtenClassifiers) need to know.
#[derive(Debug, Clone)]
pub struct ClassifierSettings {
    /// Where the models come from.
    pub sources: ModelSources,
    /// Images that are classified at once, each on a thread of its own; at least 1.
    pub threads: usize,
    /// Images that may wait for a thread. One more is
    /// [`ClassificationError::Busy`](domain::predictions::ClassificationError::Busy).
    pub waiting: usize,
    /// How long one image may take, its heat map included; the wait for a thread does not count.
    pub timeout: Duration,
    /// Where copies of models in buckets are kept.
    pub cache: PathBuf,
    /// Who asks for models in buckets; which bucket, and what of it, the source says.
    pub access: S3Access,
}

impl ClassifierSettings {
    /// Settings for so many threads, with 256 places in the queue and a minute for an image.
    pub fn new(sources: ModelSources, threads: usize, cache: PathBuf, access: S3Access) -> Self {
        Self {
            sources,
            threads,
            waiting: 256,
            timeout: Duration::from_mins(1),
            cache,
            access,
        }
    }
}
