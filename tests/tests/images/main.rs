//! Images, from outside.

mod leftovers;
mod reading;
mod refusals;
mod uploading;

/// The default of `http.max_upload_bytes`.
const LIMIT: usize = 20 * 1024 * 1024;
