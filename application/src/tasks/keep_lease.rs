//! Keeping a task while it is worked on.

use super::{TaskWorker, work_on_tasks::AFTER_FAILURE};
use crate::Error;
use chrono::TimeDelta;
use domain::{clock::Timestamp, tasks::Claim};
use std::time::Duration;
use tokio::{
    sync::watch,
    time::{Instant, Interval, MissedTickBehavior, interval_at},
};

/// How often a worker shows that it lives and finds out that its task was cancelled elsewhere; a third of the lease if
/// that is less.
const RENEW_EVERY: Duration = Duration::from_secs(2);
/// How often progress is written.
const PROGRESS_EVERY: Duration = Duration::from_millis(300);

impl TaskWorker {
    /// When a lease that is given or renewed now runs out.
    pub(super) fn lease_end(&self, now: Timestamp) -> Timestamp {
        now + TimeDelta::from_std(self.lease).unwrap_or(TimeDelta::MAX)
    }

    /// Keeps the lease and writes down how far the work is, until the lease is void.
    pub(super) async fn keep(&self, claim: &Claim, done: &watch::Receiver<u32>) {
        let mut renewal = ticks(RENEW_EVERY.min(self.lease / 3));
        let mut progress = ticks(PROGRESS_EVERY);
        let mut written = 0;
        loop {
            tokio::select! {
                _ = progress.tick() => if *done.borrow() == written { continue },
                _ = renewal.tick() => {}
            }
            let pages = *done.borrow();
            match self.renew(claim, pages).await {
                Ok(false) => return,
                Ok(true) if pages == written => {}
                Ok(true) => {
                    written = pages;
                    self.signals.tell_changed(claim.task.id);
                }
                // The token decides in the end; until then the work goes on.
                Err(error) => {
                    tracing::warn!(task = %claim.task.id, error = &error as &dyn std::error::Error, "no sign of life was left");
                    tokio::time::sleep(AFTER_FAILURE.min(self.lease / 3)).await;
                }
            }
        }
    }

    async fn renew(&self, claim: &Claim, pages: u32) -> Result<bool, Error> {
        let until = self.lease_end(self.clock.now());
        let unit = self.store.begin().await?;
        let kept = unit.tasks().renew(&claim.lease, until, pages).await?;
        unit.commit().await?;
        Ok(kept)
    }
}

/// Ticks from one period on.
fn ticks(period: Duration) -> Interval {
    let mut ticks = interval_at(Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
