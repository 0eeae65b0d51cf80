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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixtures, test_context::TestContext};
    use domain::{ids::PredictionId, predictions::Prediction};
    use uuid::Uuid;

    /// Predictions of one image, so many days before now.
    async fn predicted(days_before: &[i64]) -> Dashboards {
        let test = TestContext::with_ada().await.with_image(fixtures::image()).await;
        for (number, days) in (1..).zip(days_before) {
            let prediction = Prediction {
                id: PredictionId(Uuid::from_u128(number)),
                created_at: fixtures::now() + TimeDelta::days(-days),
                ..fixtures::prediction()
            };
            test.write(async |tx| tx.predictions().insert(&prediction).await)
                .await;
        }
        Dashboards::new(test.context())
    }

    #[tokio::test]
    async fn the_predictions_of_the_range_are_counted_by_day() {
        let dashboards = predicted(&[0, 0, 6, 7, 400]).await;
        for scope in [Scope::All, Scope::Of(fixtures::owner())] {
            for (range, predictions, days) in [
                (Range::Today, 2, 1),
                (Range::Week, 3, 2),
                (Range::Month, 4, 3),
                (Range::All, 5, 4),
            ] {
                let dashboard = dashboards.show(scope, range, Tz::UTC).await.expect("counts");
                assert_eq!(dashboard.total.predictions, predictions);
                assert_eq!((dashboard.by_day.len(), dashboard.images), (days, 1));
            }
        }
    }

    #[tokio::test]
    async fn without_predictions_there_are_no_days() {
        let dashboards = predicted(&[]).await;
        let dashboard = dashboards.show(Scope::All, Range::All, Tz::UTC).await;
        assert_eq!(dashboard.expect("counts").by_day, []);
    }
}
