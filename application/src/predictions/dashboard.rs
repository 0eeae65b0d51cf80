//! The dashboard: counts of predictions and their feedback.

use crate::{Context, Error};
use chrono::TimeDelta;
use domain::predictions::{Dashboard, QuarterHour, Range, Scope, Tz, clock_spans};

/// Counts predictions and their feedback.
pub struct Dashboards {
    context: Context,
}

impl Dashboards {
    /// Creates the service.
    pub fn new(context: Context) -> Self {
        Self { context }
    }

    /// Returns the counts of a range of days in a time zone. The caller checks who may see all users' counts.
    pub async fn show(&self, scope: Scope, range: Range, zone: Tz) -> Result<Dashboard, Error> {
        let now = self.context.now();
        let since = range.start(zone, now);
        let predictions = self.context.read().predictions();
        let first = match since {
            Some(since) => Some(since),
            None => predictions.first_quarter(scope).await?,
        };
        let by_day = match first {
            // One day more, because the clocks of other processes may be ahead.
            Some(first) => {
                let spans = clock_spans(zone, first, QuarterHour::of(now + TimeDelta::days(1)));
                predictions.days(scope, &spans).await?
            }
            None => vec![],
        };
        let outcomes = predictions.outcomes(scope, since).await?;
        Ok(Dashboard::new(outcomes, by_day))
    }
}
