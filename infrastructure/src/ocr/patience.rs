//! How long a page may be read, and whether anybody still waits for it.

use super::tesseract::ReadError;
use std::time::{Duration, Instant};

/// When reading is to end: at a moment, or as soon as it is not wanted any more. One for all readings of a page.
#[derive(Clone, Copy)]
pub(super) struct Patience<'a> {
    until: Instant,
    wanted: &'a dyn Fn() -> bool,
}

impl<'a> Patience<'a> {
    /// From now on for so long, as long as it is wanted. `wanted` is asked between words, so it must be quick.
    pub(super) fn new(within: Duration, wanted: &'a dyn Fn() -> bool) -> Self {
        Self {
            until: Instant::now() + within,
            wanted,
        }
    }

    /// Whether the reading is still wanted.
    pub(super) fn is_wanted(&self) -> bool {
        (self.wanted)()
    }

    /// The time that is left, at least a millisecond.
    pub(super) fn left(&self) -> Result<Duration, ReadError> {
        if !self.is_wanted() {
            return Err(ReadError::Unwanted);
        }
        let left = self.until.saturating_duration_since(Instant::now());
        if left.as_millis() == 0 {
            return Err(ReadError::Deadline);
        }
        Ok(left)
    }
}
