//! The work of a process besides requests: tasks, mails, and periodic maintenance.

use crate::{
    configuration::Settings,
    ports::{Broker, FacePorts, MailPorts, Ports},
    services::Shared,
};
use application::{
    Context, Error,
    accounts::{Events, MailDelivery, MailSignals, RateLimiter, Recovery, Sessions},
    faces::{FaceGallery, FaceKeyRotation},
    images::BlobSweep,
    operations::Idempotency,
    tasks::{OutboxRelay, TaskReaper, TaskSignals, TaskWorker},
};
use domain::tasks::TaskNotifications;
use futures_util::future::join_all;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::Semaphore,
    time::{MissedTickBehavior, interval},
};

/// How often due retries and expired leases are handled.
const REAP_EVERY: Duration = Duration::from_millis(500);
/// How often due blobs are deleted.
const SWEEP_EVERY: Duration = Duration::from_secs(2);
/// How often expired rows are deleted.
const EXPIRE_EVERY: Duration = Duration::from_hours(1);
/// How often the age of the faces in memory is checked.
const CHECK_GALLERY_EVERY: Duration = Duration::from_mins(1);
/// How often an idle worker looks for tasks of other processes without a broker.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// The same with a broker, in case a message was lost.
const POLL_INTERVAL_WITH_BROKER: Duration = Duration::from_secs(10);
/// How many mails a process sends at once.
const MAILS_AT_ONCE: usize = 4;
/// The end of the shutdown time that is left to release tasks.
const LAST_MOMENTS: Duration = Duration::from_secs(2);

/// The work of a process besides requests.
pub struct Maintenance {
    context: Context,
    blobs: BlobSweep,
    events: Events,
    idempotency: Idempotency,
    reaper: TaskReaper,
    outbox: Option<OutboxRelay>,
    worker: TaskWorker,
    workers: usize,
    task_signals: Arc<TaskSignals>,
    mails: MailDelivery,
    mail_signals: Arc<MailSignals>,
}

impl Maintenance {
    /// Creates the work of a process on these ports.
    pub fn new(ports: &Ports, mail: &MailPorts, shared: &Shared, settings: &Settings) -> Self {
        let context = || ports.context();
        let signals = || shared.task_signals.clone();
        let outbox = ports
            .broker
            .as_ref()
            .map(|Broker { publisher, .. }| OutboxRelay::new(context(), publisher.clone(), signals()));
        let (notifications, poll_interval): (Arc<dyn TaskNotifications>, _) = match &ports.broker {
            Some(broker) => (broker.notifications.clone(), POLL_INTERVAL_WITH_BROKER),
            None => (signals(), POLL_INTERVAL),
        };
        Self {
            context: context(),
            blobs: BlobSweep::new(context(), ports.blobs.clone()),
            events: Events::new(context()),
            idempotency: Idempotency::new(context()),
            reaper: TaskReaper::new(context(), signals()),
            outbox,
            worker: TaskWorker {
                context: context(),
                blobs: ports.blobs.clone(),
                recognizer: shared.recognizer.clone(),
                classifier: shared.classifier.clone(),
                notifications,
                signals: signals(),
                lease: settings.workers.lease.0,
                poll_interval,
                slots: Semaphore::new(settings.workers.count()),
            },
            // One more than there are slots, so that one claims a task while all others recognize their last page.
            workers: settings.workers.count().saturating_add(1),
            task_signals: signals(),
            mails: MailDelivery::new(
                context(),
                mail.hasher.clone(),
                mail.secrets.clone(),
                mail.mailer.clone(),
                shared.mail_signals.clone(),
            ),
            mail_signals: shared.mail_signals.clone(),
        }
    }

    /// Runs the periodic maintenance for as long as it is polled. A failure is logged, and the next period tries again.
    pub async fn run_maintenance(&self) {
        tokio::join!(
            every(REAP_EVERY, "tasks were not reaped", || self.reaper.run_once()),
            every(SWEEP_EVERY, "blobs were not deleted", || async {
                self.blobs.delete_due().await.map(drop)
            }),
            every(EXPIRE_EVERY, "expired rows were not deleted", || self
                .delete_expired()),
            async {
                if let Some(outbox) = &self.outbox {
                    outbox.run().await;
                }
            }
        );
    }

    /// Deletes expired rows of every kind. A failure of one kind does not keep the others; the first one is returned.
    async fn delete_expired(&self) -> Result<(), Error> {
        let outcomes = [
            Sessions::delete_expired(&self.context).await,
            RateLimiter::delete_expired(&self.context).await,
            Recovery::delete_expired_codes(&self.context).await,
            self.events.delete_expired().await,
            self.idempotency.delete_expired().await,
        ];
        outcomes.into_iter().collect::<Result<Vec<_>, _>>().map(drop)
    }

    /// Sends mails until the process shuts down.
    pub async fn send_mails(&self) {
        join_all((0..MAILS_AT_ONCE).map(|_| self.mails.run())).await;
    }

    /// Executes tasks until the process shuts down.
    pub async fn work(&self) {
        join_all((0..self.workers).map(|_| self.worker.run())).await;
    }

    /// Executes tasks until none is ready and returns their number.
    pub async fn execute_all(&self) -> Result<u64, Error> {
        self.reaper.run_once().await?;
        let counts = join_all((0..self.workers).map(|_| self.worker.execute_all())).await;
        counts.into_iter().sum()
    }

    /// Shuts down: begins no task, and releases unfinished tasks shortly before the end of `timeout`.
    pub async fn shut_down(&self, timeout: Duration) {
        self.task_signals.drain();
        self.mail_signals.stop();
        tokio::time::sleep(timeout.saturating_sub(LAST_MOMENTS.min(timeout / 4))).await;
        self.task_signals.release();
    }
}

/// The maintenance of faces. Only processes that serve have the keys of faces.
pub struct FaceMaintenance {
    /// Only where earlier keys are configured.
    key_rotation: Option<FaceKeyRotation>,
    gallery: Option<Arc<FaceGallery>>,
}

impl FaceMaintenance {
    /// Creates the maintenance on these ports.
    pub fn new(
        ports: &Ports,
        faces: &FacePorts,
        gallery: Option<Arc<FaceGallery>>,
        settings: &Settings,
    ) -> Self {
        let rotates = !settings.faces.previous_encryption_keys.is_empty();
        let key_rotation = rotates.then(|| FaceKeyRotation::new(ports.context(), faces.cipher.clone()));
        Self {
            key_rotation,
            gallery,
        }
    }

    /// Runs for as long as it is polled.
    pub async fn run(&self) {
        tokio::join!(
            every(EXPIRE_EVERY, "the keys of faces were not rotated", || async {
                match &self.key_rotation {
                    Some(rotation) => rotation.rotate().await.map(drop),
                    None => Ok(()),
                }
            }),
            every(
                CHECK_GALLERY_EVERY,
                "faces in memory were not dropped",
                || async {
                    if let Some(gallery) = &self.gallery {
                        gallery.drop_expired().await;
                    }
                    Ok(())
                }
            ),
        );
    }
}

/// Runs an operation once per period, and logs its failures.
async fn every<F: Future<Output = Result<(), Error>>>(
    period: Duration,
    failure: &'static str,
    mut execute: impl FnMut() -> F,
) {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = execute().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "{failure}");
        }
    }
}
