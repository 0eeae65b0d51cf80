//! The clock of the machine.

use domain::clock::{Clock, Timestamp};

/// Tells the time of the machine it runs on.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the adapter behind the Clock port"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::new(chrono::Utc::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_does_not_stand_still_before_this_program_was_written() {
        assert!(SystemClock.now().unix_seconds() > 1_760_000_000);
    }
}
