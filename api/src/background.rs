//! What a process does besides answering requests: it works on tasks, sends mails and keeps house.

use crate::{
    configuration::Settings,
    ports::{Broker, FacePorts, MailPorts, Ports},
    use_cases::Shared,
};
use application::{
    Error,
    accounts::{
        DeleteExpiredCodes, DeleteExpiredEvents, DeleteExpiredRateLimits, DeleteExpiredSessions,
        DeliverMails, MailSignals,
    },
    faces::{FaceGallery, RenewFaceKeys},
    images::BlobSweep,
    operations::Idempotency,
    tasks::{OutboxRelay, TaskReaper, TaskSignals, TaskWorker},
};
use domain::tasks::TaskNotifications;
use futures_util::future::join_all;
use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};
use tokio::{
    sync::Semaphore,
    time::{MissedTickBehavior, interval},
};

/// How often due retries and expired leases are handled.
const REAP_EVERY: Duration = Duration::from_millis(500);
/// How often due blobs are deleted.
const SWEEP_EVERY: Duration = Duration::from_secs(2);
/// How often expired sessions, expired codes, old events and old answers are looked for.
const TIDY_EVERY: Duration = Duration::from_hours(1);
/// How often faces in memory are forgotten that were read too long ago.
const FORGET_EVERY: Duration = Duration::from_mins(1);
/// How often an idle worker looks for tasks of other processes without a broker.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// The same with a broker, in case a message was lost.
const POLL_INTERVAL_WITH_BROKER: Duration = Duration::from_secs(10);
/// How many mails a process sends at once.
const MAILS_AT_ONCE: usize = 4;
/// The end of the grace time that is left to release tasks.
const LAST_MOMENTS: Duration = Duration::from_secs(2);

/// The background of a process.
pub struct Background {
    blobs: BlobSweep,
    sessions: DeleteExpiredSessions,
    attempts: DeleteExpiredRateLimits,
    codes: DeleteExpiredCodes,
    events: DeleteExpiredEvents,
    idempotency: Idempotency,
    reaper: TaskReaper,
    outbox: Option<OutboxRelay>,
    worker: TaskWorker,
    workers: usize,
    signals: Arc<TaskSignals>,
    mails: DeliverMails,
    mail_signals: Arc<MailSignals>,
}

impl Background {
    /// On these ports.
    pub fn new(ports: &Ports, mail: &MailPorts, shared: &Shared, settings: &Settings) -> Self {
        let (store, clock) = (|| ports.store.clone(), || ports.clock.clone());
        let signals = || shared.signals.clone();
        let outbox = ports
            .broker
            .as_ref()
            .map(|Broker { publisher, .. }| OutboxRelay::new(ports.context(), publisher.clone(), signals()));
        let (notifications, poll_interval): (Arc<dyn TaskNotifications>, _) = match &ports.broker {
            Some(broker) => (broker.notifications.clone(), POLL_INTERVAL_WITH_BROKER),
            None => (signals(), POLL_INTERVAL),
        };
        Self {
            blobs: BlobSweep::new(ports.context(), ports.blobs.clone()),
            sessions: DeleteExpiredSessions {
                store: store(),
                clock: clock(),
            },
            attempts: DeleteExpiredRateLimits {
                store: store(),
                clock: clock(),
            },
            codes: DeleteExpiredCodes {
                store: store(),
                clock: clock(),
            },
            events: DeleteExpiredEvents {
                store: store(),
                clock: clock(),
            },
            idempotency: Idempotency::new(ports.context()),
            reaper: TaskReaper::new(ports.context(), signals()),
            outbox,
            worker: TaskWorker {
                context: ports.context(),
                blobs: ports.blobs.clone(),
                recognizer: shared.recognizer.clone(),
                classifier: shared.classifier.clone(),
                notifications,
                signals: signals(),
                lease: settings.workers.lease,
                poll_interval,
                slots: Semaphore::new(settings.workers.count),
            },
            // One more than there are slots, so that one claims a task while all others recognize their last page.
            workers: settings.workers.count.saturating_add(1),
            signals: signals(),
            mails: DeliverMails {
                store: store(),
                hasher: mail.hasher.clone(),
                secrets: mail.secrets.clone(),
                mailer: mail.mailer.clone(),
                clock: clock(),
                ids: ports.ids.clone(),
                signals: shared.mails.clone(),
                cut_off: AtomicBool::new(false),
            },
            mail_signals: shared.mails.clone(),
        }
    }

    /// Keeps house for as long as it is polled. What fails is tried again the next time.
    pub async fn keep_house(&self) {
        tokio::join!(
            every(REAP_EVERY, "tasks were not reaped", || self.reaper.run_once()),
            every(SWEEP_EVERY, "blobs were not deleted", || async {
                self.blobs.delete_due().await.map(drop)
            }),
            every(TIDY_EVERY, "expired sessions were not removed", || async {
                self.sessions.execute().await.map(drop)
            }),
            every(TIDY_EVERY, "old attempts were not forgotten", || async {
                self.attempts.execute().await.map(drop)
            }),
            every(TIDY_EVERY, "expired codes were not removed", || async {
                self.codes.execute().await.map(drop)
            }),
            every(TIDY_EVERY, "old events were not removed", || async {
                self.events.execute().await.map(drop)
            }),
            every(
                TIDY_EVERY,
                "expired idempotency keys were not deleted",
                || async { self.idempotency.delete_expired().await.map(drop) }
            ),
            async {
                if let Some(outbox) = &self.outbox {
                    outbox.run().await;
                }
            }
        );
    }

    /// Sends mails until the process ends.
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

    /// Shuts down: begins no task, and releases unfinished tasks shortly before the end of the grace time.
    pub async fn end(&self, grace: Duration) {
        self.signals.drain();
        self.mail_signals.finish();
        tokio::time::sleep(grace.saturating_sub(LAST_MOMENTS.min(grace / 4))).await;
        self.signals.release();
    }
}

/// What a process that serves does for faces. One that only works on tasks does not have their keys.
pub struct FaceUpkeep {
    /// Only where keys were replaced.
    keys: Option<RenewFaceKeys>,
    gallery: Option<Arc<FaceGallery>>,
}

impl FaceUpkeep {
    /// On these ports.
    pub fn new(
        ports: &Ports,
        faces: &FacePorts,
        gallery: Option<Arc<FaceGallery>>,
        settings: &Settings,
    ) -> Self {
        let replaced = !settings.faces.previous_encryption_keys.is_empty();
        Self {
            keys: replaced.then(|| RenewFaceKeys {
                store: ports.store.clone(),
                cipher: faces.cipher.clone(),
            }),
            gallery,
        }
    }

    /// Goes on for as long as it is polled.
    pub async fn run(&self) {
        tokio::join!(
            every(TIDY_EVERY, "replaced keys were not left behind", || async {
                match &self.keys {
                    Some(renew) => renew.execute().await.map(drop),
                    None => Ok(()),
                }
            }),
            every(FORGET_EVERY, "faces were not forgotten", || async {
                if let Some(gallery) = &self.gallery {
                    gallery.forget_old().await;
                }
                Ok(())
            }),
        );
    }
}

/// Does something again and again.
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
