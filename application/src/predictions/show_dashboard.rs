//! How good predictions are.

use crate::Error;
use chrono::TimeDelta;
use domain::{
    clock::Clock,
    predictions::{Dashboard, QuarterHour, Range, Scope, Tz, clock_spans},
    store::Store,
};
use std::sync::Arc;

/// Adds up predictions and what was said of them.
pub struct ShowDashboard {
    /// Where they are counted.
    pub store: Arc<dyn Store>,
    /// What is today.
    pub clock: Arc<dyn Clock>,
}

impl ShowDashboard {
    /// The counts of the range by the clocks of the zone. Who may see everybody's, the caller has to know.
    pub async fn execute(&self, scope: Scope, range: Range, zone: Tz) -> Result<Dashboard, Error> {
        let now = self.clock.now();
        let since = range.start(zone, now);
        let predictions = self.store.read().predictions();
        let first = match since {
            Some(since) => Some(since),
            None => predictions.first_quarter(scope).await?,
        };
        let by_day = match first {
            // A day more, for clocks of other processes that are ahead.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use domain::{
        predictions::{DayTally, OutcomeCount, Tally},
        store::test_support::{MockRepositories, MockStore},
    };

    /// Midnight of [`fixtures::now`] in UTC, which is that moment itself.
    const TODAY: QuarterHour = QuarterHour(20_000 * 96);

    const TALLY: Tally = Tally {
        predictions: 3,
        given: 0,
        correct: 0,
    };

    fn showing(scope: Scope, since: Option<QuarterHour>, first: Option<QuarterHour>) -> ShowDashboard {
        let date = fixtures::now().to_utc().date_naive();
        let mut reads = MockRepositories::default();
        let counted = &mut reads.predictions;
        counted
            .expect_first_quarter()
            .withf(move |of| *of == scope)
            .returning(move |_| Ok(first));
        counted
            .expect_outcomes()
            .withf(move |of, from| (*of, *from) == (scope, since))
            .returning(|_, _| {
                let outcome = fixtures::prediction().outcome();
                Ok(vec![OutcomeCount { outcome, count: 3 }])
            });
        counted
            .expect_days()
            .withf(move |of, spans| {
                let whole = spans.first().map(|span| span.from) == since.or(first)
                    && spans.last().map(|span| span.to) == Some(QuarterHour(TODAY.0 + 96));
                *of == scope && whole
            })
            .returning(move |_, _| {
                Ok(vec![DayTally {
                    date,
                    tally: TALLY,
                    images: 2,
                }])
            });
        ShowDashboard {
            store: Arc::new(MockStore::reading(reads)),
            clock: fixtures::clock(),
        }
    }

    #[tokio::test]
    async fn the_predictions_of_the_range_are_added_up() {
        let scope = Scope::All;
        for (range, since) in [
            (Range::Today, TODAY),
            (Range::Week, QuarterHour(TODAY.0 - 6 * 96)),
        ] {
            let show = showing(scope, Some(since), None);
            let dashboard = show.execute(scope, range, Tz::UTC).await;
            let dashboard = dashboard.expect("added up");
            assert_eq!((dashboard.total, dashboard.images), (TALLY, 2));
            assert_eq!(dashboard.by_day.len(), 1);
        }
    }

    #[tokio::test]
    async fn without_a_range_days_begin_with_the_first_prediction_and_without_any_there_is_none() {
        let scope = Scope::Of(fixtures::owner());
        for (first, days) in [(Some(QuarterHour(TODAY.0 - 1000)), 1), (None, 0)] {
            let show = showing(scope, None, first);
            let dashboard = show.execute(scope, Range::All, Tz::UTC).await;
            assert_eq!(dashboard.expect("added up").by_day.len(), days);
        }
    }
}
