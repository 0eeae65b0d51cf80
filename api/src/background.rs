//! What a process does besides answering requests: it works on tasks, sends mails and keeps house.

use crate::{
    configuration::Settings,
    ports::{Broker, FacePorts, MailPorts, Ports},
    use_cases::Shared,
};
use application::{
    Error,
    accounts::{
        DeleteExpiredCodes, DeleteExpiredEvents, DeleteExpiredSessions, DeliverMails, ForgetAttempts,
        MailSignals,
    },
    faces::{FaceGallery, RenewFaceKeys},
    images::DeleteDueBlobs,
    operations::ForgetAnswers,
    tasks::{AnnounceTasks, TaskSignals, TendTasks, WorkOnTasks},
};
use domain::tasks::TaskCalls;
use futures_util::future::join_all;
use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};
use tokio::{
    sync::Semaphore,
    time::{MissedTickBehavior, interval},
};

/// How often tasks are looked for that rest or were abandoned.
const TEND_EVERY: Duration = Duration::from_millis(500);
/// How often blobs that are due are looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(2);
/// How often expired sessions, expired codes, old events and old answers are looked for.
const TIDY_EVERY: Duration = Duration::from_hours(1);
/// How often faces in memory are forgotten that were read too long ago.
const FORGET_EVERY: Duration = Duration::from_mins(1);
/// How soon an idle worker finds a task that another process made ready, where there is no broker.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// The same where a broker calls, in case a message was lost.
const LOOK_EVERY_DESPITE_BROKER: Duration = Duration::from_secs(10);
/// How many mails a process sends at once.
const MAILS_AT_ONCE: usize = 4;
/// What is left of the grace time for handing back what is not done.
const LAST_MOMENTS: Duration = Duration::from_secs(2);

/// The background of a process.
pub struct Background {
    blobs: DeleteDueBlobs,
    sessions: DeleteExpiredSessions,
    attempts: ForgetAttempts,
    codes: DeleteExpiredCodes,
    events: DeleteExpiredEvents,
    answers: ForgetAnswers,
    tend: TendTasks,
    announce: Option<AnnounceTasks>,
    work: WorkOnTasks,
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
        let announce = ports
            .broker
            .as_ref()
            .map(|Broker { messages, .. }| AnnounceTasks {
                store: store(),
                messages: messages.clone(),
                signals: signals(),
            });
        let (calls, look_every): (Arc<dyn TaskCalls>, _) = match &ports.broker {
            Some(broker) => (broker.calls.clone(), LOOK_EVERY_DESPITE_BROKER),
            None => (signals(), LOOK_EVERY),
        };
        Self {
            blobs: DeleteDueBlobs {
                store: store(),
                blobs: ports.blobs.clone(),
                clock: clock(),
            },
            sessions: DeleteExpiredSessions {
                store: store(),
                clock: clock(),
            },
            attempts: ForgetAttempts {
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
            answers: ForgetAnswers {
                store: store(),
                clock: clock(),
            },
            tend: TendTasks {
                store: store(),
                clock: clock(),
                signals: signals(),
            },
            announce,
            work: WorkOnTasks {
                store: store(),
                blobs: ports.blobs.clone(),
                reader: shared.reader.clone(),
                classifier: shared.classifier.clone(),
                calls,
                signals: signals(),
                clock: clock(),
                lease: settings.workers.lease.0,
                look_every,
                turns: Semaphore::new(settings.workers.count()),
            },
            // One more than there are turns, so that somebody claims while everybody's last page is read.
            workers: settings.workers.count().saturating_add(1),
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
            every(TEND_EVERY, "tasks were not tended", || self.tend.execute()),
            every(SWEEP_EVERY, "blobs were not swept", || async {
                self.blobs.execute().await.map(drop)
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
            every(TIDY_EVERY, "old answers were not removed", || async {
                self.answers.execute().await.map(drop)
            }),
            async {
                if let Some(announce) = &self.announce {
                    announce.run().await;
                }
            }
        );
    }

    /// Sends mails until the process ends.
    pub async fn send_mails(&self) {
        join_all((0..MAILS_AT_ONCE).map(|_| self.mails.run())).await;
    }

    /// Works on tasks until the process ends.
    pub async fn work(&self) {
        join_all((0..self.workers).map(|_| self.work.run())).await;
    }

    /// Works on what is ready until nothing is.
    pub async fn drain(&self) -> Result<u64, Error> {
        self.tend.execute().await?;
        let counts = join_all((0..self.workers).map(|_| self.work.drain())).await;
        counts.into_iter().sum()
    }

    /// Ends the work: nothing new is begun, and what is not done shortly before the end of the grace time is handed back.
    pub async fn end(&self, grace: Duration) {
        self.signals.finish();
        self.mail_signals.finish();
        tokio::time::sleep(grace.saturating_sub(LAST_MOMENTS.min(grace / 4))).await;
        self.signals.hand_back();
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
