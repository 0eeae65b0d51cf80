//! Time, as a port.

use chrono::{DateTime, SubsecRound, Utc};

/// A moment in UTC with microsecond resolution, the finest that every supported database keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(DateTime<Utc>);

impl Timestamp {
    /// The moment, cut to whole microseconds.
    pub fn new(moment: DateTime<Utc>) -> Self {
        Self(moment.trunc_subsecs(6))
    }

    /// The moment as a chrono value.
    pub fn to_utc(self) -> DateTime<Utc> {
        self.0
    }

    /// Whole seconds since the Unix epoch.
    pub fn unix_seconds(self) -> i64 {
        self.0.timestamp()
    }
}

impl std::ops::Add<chrono::TimeDelta> for Timestamp {
    type Output = Self;

    fn add(self, span: chrono::TimeDelta) -> Self {
        Self(self.0 + span)
    }
}

impl std::ops::Sub for Timestamp {
    type Output = chrono::TimeDelta;

    fn sub(self, earlier: Self) -> chrono::TimeDelta {
        self.0 - earlier.0
    }
}

/// The current time.
#[cfg_attr(feature = "test-support", mockall::automock)]
pub trait Clock: Send + Sync {
    /// Now, in UTC.
    fn now(&self) -> Timestamp;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_cut_to_microseconds() {
        let fine = DateTime::from_timestamp(1, 123_456_789).expect("a valid moment");
        assert_eq!(
            Timestamp::new(fine).to_utc().timestamp_subsec_nanos(),
            123_456_000
        );
    }
}
