//! Robustness: what holds when things go wrong around the service.

mod database_outages;
mod full_disks;
mod hostile_files;
mod sudden_ends;

use std::time::Duration;

/// How long the service may take to notice that a part is back.
const RECOVERY: Duration = Duration::from_secs(30);
