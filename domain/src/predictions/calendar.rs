//! Days as people count them, over counts that are kept in UTC.

use crate::clock::Timestamp;
use chrono::{DateTime, Days, Duration, NaiveDate, NaiveTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;

/// Seconds of a quarter of an hour. The clocks of all time zones differ by a whole number of these (IANA time zone
/// database, every zone since 1972), so that counts for each quarter make up the days of any of them.
const QUARTER_SECONDS: i64 = 900;
/// Quarters of a day.
const QUARTERS_A_DAY: i64 = 96;

/// A quarter of an hour, counted from 1970-01-01T00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QuarterHour(pub i64);

impl QuarterHour {
    /// The one that a moment lies in.
    pub fn of(moment: Timestamp) -> Self {
        Self(moment.unix_seconds().div_euclid(QUARTER_SECONDS))
    }

    /// When it begins.
    fn start(self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.0 * QUARTER_SECONDS, 0).unwrap_or_default()
    }

    /// How far the clocks of a zone are ahead of UTC when it begins, in quarters.
    fn offset(self, zone: Tz) -> i64 {
        let offset = zone.offset_from_utc_datetime(&self.start().naive_utc());
        i64::from(offset.fix().local_minus_utc()).div_euclid(QUARTER_SECONDS)
    }
}

/// A time in which the clocks of a zone were not put forward or back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockSpan {
    /// Its first quarter.
    pub from: QuarterHour,
    /// The quarter after its last.
    pub to: QuarterHour,
    /// How far the clocks were ahead of UTC, in quarters; negative where they were behind.
    pub offset: i64,
}

impl ClockSpan {
    /// The day of a quarter, where clocks are so far ahead, counted from 1970-01-01: [`ClockSpan::date`] names it.
    /// Whoever counts elsewhere must use the same formula: `(quarter + offset) / 96`, rounded down.
    pub fn day(&self, quarter: QuarterHour) -> i64 {
        (quarter.0 + self.offset).div_euclid(QUARTERS_A_DAY)
    }

    /// The date of such a day.
    pub fn date(day: i64) -> NaiveDate {
        let seconds = day.saturating_mul(QUARTERS_A_DAY * QUARTER_SECONDS);
        DateTime::from_timestamp(seconds, 0)
            .unwrap_or_default()
            .date_naive()
    }
}

/// The latest days of a dashboard, today among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Range {
    /// Today.
    #[default]
    Today,
    /// 7 days.
    Week,
    /// 30 days.
    Month,
    /// 365 days.
    Year,
    /// All that ever was.
    All,
}

impl Range {
    /// When the range begins where clocks show the time of `zone`; `None` is without a beginning.
    pub fn start(self, zone: Tz, now: Timestamp) -> Option<QuarterHour> {
        let days = match self {
            Self::Today => 0,
            Self::Week => 6,
            Self::Month => 29,
            Self::Year => 364,
            Self::All => return None,
        };
        let today = now.to_utc().with_timezone(&zone).date_naive();
        let first = today.checked_sub_days(Days::new(days)).unwrap_or(today);
        let midnight = start_of_day(first, zone);
        Some(QuarterHour::of(midnight))
    }
}

/// When a day begins: at midnight, or, where the clocks are put forward then, at the first moment that there is.
pub fn start_of_day(date: NaiveDate, zone: Tz) -> Timestamp {
    let mut local = date.and_time(NaiveTime::MIN);
    // No zone leaves out more than a day.
    for _ in 0..=QUARTERS_A_DAY {
        if let Some(moment) = zone.from_local_datetime(&local).earliest() {
            return Timestamp::new(moment.to_utc());
        }
        local += Duration::seconds(QUARTER_SECONDS);
    }
    Timestamp::new(date.and_time(NaiveTime::MIN).and_utc())
}

/// The spans of a zone from one quarter up to another, in order and without gaps. That clocks are put back and forward
/// within one day is not known to happen.
pub fn clock_spans(zone: Tz, from: QuarterHour, to: QuarterHour) -> Vec<ClockSpan> {
    let mut spans = Vec::new();
    let mut start = from;
    while start < to {
        let offset = start.offset(zone);
        let mut end = start;
        while end < to && end.offset(zone) == offset {
            end = QuarterHour((end.0 + QUARTERS_A_DAY).min(to.0));
        }
        if end.offset(zone) != offset {
            end = first_with_another_offset(zone, end, offset);
        }
        spans.push(ClockSpan {
            from: start,
            to: end.min(to),
            offset,
        });
        start = end;
    }
    spans
}

/// The first quarter of the day before `changed`, which has another offset, that has another offset, too.
fn first_with_another_offset(zone: Tz, changed: QuarterHour, offset: i64) -> QuarterHour {
    let (mut same, mut other) = (changed.0 - QUARTERS_A_DAY, changed.0);
    while other - same > 1 {
        let middle = same + (other - same) / 2;
        if QuarterHour(middle).offset(zone) == offset {
            same = middle;
        } else {
            other = middle;
        }
    }
    QuarterHour(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::new(text.parse().expect("a moment"))
    }

    fn date(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    /// The dates of every quarter of a range, by the spans and by the calendar itself.
    fn assert_dates(zone: Tz, from: &str, to: &str) {
        let (from, to) = (QuarterHour::of(at(from)), QuarterHour::of(at(to)));
        let spans = clock_spans(zone, from, to);
        let mut next = from;
        for span in spans {
            assert_eq!(span.from, next, "{zone}");
            for quarter in span.from.0..span.to.0 {
                let quarter = QuarterHour(quarter);
                let expected = quarter.start().with_timezone(&zone).date_naive();
                assert_eq!(ClockSpan::date(span.day(quarter)), expected, "{zone} {quarter:?}");
            }
            next = span.to;
        }
        assert_eq!(next, to, "{zone}");
    }

    #[test]
    fn every_quarter_falls_on_the_day_that_the_calendar_of_the_zone_names() {
        for zone in [
            Tz::UTC,
            Tz::Europe__Madrid,
            Tz::America__Bogota,
            Tz::America__St_Johns,
            Tz::Asia__Kathmandu,
            Tz::Australia__Lord_Howe,
            Tz::Pacific__Chatham,
            Tz::Pacific__Kiritimati,
            Tz::Pacific__Pago_Pago,
            Tz::Africa__Casablanca,
            Tz::America__Santiago,
        ] {
            assert_dates(zone, "2024-02-27T11:15:00Z", "2026-12-31T23:45:00Z");
        }
    }

    #[test]
    fn a_day_begins_at_midnight_or_where_that_is_left_out_after_it() {
        assert_eq!(
            start_of_day(date("2026-07-01"), Tz::Europe__Madrid),
            at("2026-06-30T22:00:00Z")
        );
        // Clocks in Beirut go from 00:00 to 01:00.
        assert_eq!(
            start_of_day(date("2026-03-29"), Tz::Asia__Beirut),
            at("2026-03-28T22:00:00Z")
        );
        // In Havana 00:00 comes twice, and the day begins with the first.
        assert_eq!(
            start_of_day(date("2026-11-01"), Tz::America__Havana),
            at("2026-11-01T04:00:00Z")
        );
    }

    #[test]
    fn ranges_end_today_and_begin_so_many_days_before_by_the_clocks_of_the_zone() {
        // Already the 2nd of March in Kiritimati, still the 28th of February in Pago Pago.
        let now = at("2026-03-01T10:30:00Z");
        let start = |range: Range, zone| range.start(zone, now).map(|quarter| quarter.start().to_rfc3339());
        let begins = |text: &str| Some(format!("{text}:00+00:00"));
        assert_eq!(
            start(Range::Today, Tz::Pacific__Kiritimati),
            begins("2026-03-01T10:00")
        );
        assert_eq!(
            start(Range::Today, Tz::Pacific__Pago_Pago),
            begins("2026-02-28T11:00")
        );
        assert_eq!(start(Range::Week, Tz::UTC), begins("2026-02-23T00:00"));
        assert_eq!(start(Range::Month, Tz::UTC), begins("2026-01-31T00:00"));
        assert_eq!(start(Range::Year, Tz::UTC), begins("2025-03-02T00:00"));
        assert_eq!(start(Range::All, Tz::UTC), None);
    }
}
