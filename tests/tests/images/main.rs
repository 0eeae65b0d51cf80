//! Images, from outside.

mod buckets;
mod leftovers;
mod reading;
mod refusals;
mod sweeping;
mod uploading;

/// The default of `http.max_upload_bytes`.
const LIMIT: usize = 20 * 1024 * 1024;
