//! Getting a task to work on.

use super::TaskWorker;
use crate::Error;
use domain::tasks::Claim;
use std::time::Duration;

/// The first rest of a worker who saw a task that he did not get; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// The last such rest: all of them together last five seconds.
const LAST_PAUSE: Duration = Duration::from_millis(2560);

impl TaskWorker {
    /// A ready task may be passed over because somebody writes about it just now, as the one who published its message
    /// does when he notes that: whoever sees one that he does not get looks again, or nobody would be called for it.
    pub(super) async fn claim(&self) -> Result<Option<Claim>, Error> {
        let mut pause = FIRST_PAUSE;
        while self.signals.working() && self.store.read().tasks().any_ready().await? {
            let claim = self.try_to_claim().await?;
            if claim.is_some() || pause > LAST_PAUSE {
                return Ok(claim);
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        Ok(None)
    }

    async fn try_to_claim(&self) -> Result<Option<Claim>, Error> {
        let now = self.clock.now();
        let unit = self.store.begin().await?;
        let Some(claim) = unit.tasks().claim(now, self.lease_end(now)).await? else {
            return Ok(None);
        };
        unit.commit().await?;
        // There may be more, for whoever is idle.
        self.signals.ring();
        self.signals.tell_changed(claim.task.id);
        Ok(Some(claim))
    }
}
