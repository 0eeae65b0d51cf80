//! The worker: claims tasks, executes them under a lease, and stores their outcome.

use super::{
    TaskResult, TaskSignals,
    failures::{end_failed_attempt, failure_of, is_retryable},
    signals::Stage,
};
use crate::{Context, Error, images::open_content, predictions::ImageClassifier, text::Recognizer};
use chrono::TimeDelta;
use domain::{
    clock::Timestamp,
    ids::{PredictionId, TaskId},
    images::{BlobStore, Image},
    ocr::{LanguageSet, PageObserver},
    predictions::ModelReference,
    store::{Conflict, StoreError, Transaction, TransactionError},
    tasks::{Claim, Delivery, Task, TaskNotifications, TaskOutcome, TaskWork},
};
use std::{convert::Infallible, future::pending, sync::Arc, time::Duration};
use tokio::{
    sync::{Semaphore, SemaphorePermit, broadcast, watch},
    time::{Instant, Interval, MissedTickBehavior, interval_at},
};

/// The delay after a failure of the store.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// After how many tasks without a notification a worker listens for notifications again.
const UNNOTIFIED_BATCH: u64 = 10;
/// How long it listens then, enough to connect to a broker.
const LISTEN: Duration = Duration::from_secs(1);

/// The first delay before another claim, when a ready task was locked by another transaction. It doubles each time.
const FIRST_CLAIM_DELAY: Duration = Duration::from_millis(20);
/// The last such delay. All of them sum up to five seconds.
const LAST_CLAIM_DELAY: Duration = Duration::from_millis(2560);

/// The interval at which a worker renews its lease and detects cancellations by other processes, or a third of the lease
/// if that is shorter.
const RENEWAL_INTERVAL: Duration = Duration::from_secs(2);
/// The interval at which progress is stored.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(300);

/// Executes tasks, one at a time for each call of [`run`](Self::run). Concurrent calls on one value share its slots.
pub struct TaskWorker {
    /// The store, the time and new ids.
    pub context: Context,
    /// The blobs of images.
    pub blobs: Arc<dyn BlobStore>,
    /// Recognizes text.
    pub recognizer: Arc<Recognizer>,
    /// Classifies images.
    pub classifier: Arc<ImageClassifier>,
    /// Notifications of ready tasks.
    pub notifications: Arc<dyn TaskNotifications>,
    /// Changes, cancellations and the shutdown.
    pub signals: Arc<TaskSignals>,
    /// How long a lease is valid without a renewal.
    pub lease: Duration,
    /// The interval of reads that find ready tasks whose notification was lost.
    pub poll_interval: Duration,
    /// Limits concurrent tasks. A slot is held from the wait for a task until its last page begins, so that the next task
    /// is claimed while that page is recognized and the engine does not idle between tasks.
    pub slots: Semaphore,
}

/// The permission to claim a task.
type Slot<'slots> = SemaphorePermit<'slots>;

/// The result to store, or `None` if it was stored before.
type Outcome = Result<Option<TaskResult>, Error>;

/// How an attempt at a claimed task ended.
enum TaskAttempt {
    /// The work succeeded or failed.
    Completed(Box<Outcome>),
    /// The lease is void, or the task was cancelled.
    LeaseLost,
    /// The process shuts down.
    Interrupted,
}

impl TaskWorker {
    /// Executes tasks until the process shuts down.
    pub async fn run(&self) {
        let mut timeout = self.poll_interval;
        while let Some(slot) = self.slot().await {
            let delivery = tokio::select! {
                biased;
                () = self.signals.reached(Stage::Draining) => return,
                delivery = tokio::time::timeout(timeout, self.notifications.next()) => delivery.ok(),
            };
            timeout = self.poll_interval;
            let executed = match delivery {
                Some(delivery) => self.execute_notified(delivery, slot).await,
                // Ready tasks without a notification may never get one, so the worker executes them, but listens again
                // after some of them, to use a broker that has recovered.
                None => self
                    .execute_ready(UNNOTIFIED_BATCH, Some(slot))
                    .await
                    .map(|count| {
                        if count == UNNOTIFIED_BATCH {
                            timeout = LISTEN.min(self.poll_interval);
                        }
                    }),
            };
            // An unacknowledged notification is delivered again.
            if let Err(error) = executed {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "tasks cannot be claimed"
                );
                tokio::time::sleep(RETRY_DELAY).await;
            }
        }
    }

    /// Executes tasks until none is ready and returns their number.
    pub async fn execute_all(&self) -> Result<u64, Error> {
        self.execute_ready(u64::MAX, self.slot().await).await
    }

    /// Claims and executes a task. Acknowledges the notification after the claim, because from then on the lease guards the
    /// task, and brokers limit the time until an acknowledgement.
    async fn execute_notified(&self, delivery: Box<dyn Delivery>, slot: Slot<'_>) -> Result<(), Error> {
        let claim = self.claim().await?;
        delivery.ack().await;
        if let Some(claim) = claim {
            self.execute(&claim, slot).await;
        }
        Ok(())
    }

    /// Executes at most `limit` tasks, or until none is ready, and returns their number.
    async fn execute_ready(&self, limit: u64, first: Option<Slot<'_>>) -> Result<u64, Error> {
        let (mut count, mut next) = (0, first);
        while let Some(slot) = next
            && let Some(claim) = self.claim().await?
        {
            self.execute(&claim, slot).await;
            count += 1;
            next = if count < limit { self.slot().await } else { None };
        }
        Ok(count)
    }

    /// Waits for a slot. Returns `None` when the process shuts down.
    async fn slot(&self) -> Option<Slot<'_>> {
        tokio::select! {
            biased;
            () = self.signals.reached(Stage::Draining) => None,
            slot = self.slots.acquire() => slot.ok(),
        }
    }

    /// Claims a task. While one is ready but locked, for example by the transaction that marks it as published, tries again,
    /// because no further notification may follow.
    async fn claim(&self) -> Result<Option<Claim>, Error> {
        let mut delay = FIRST_CLAIM_DELAY;
        while self.signals.is_running() && self.context.read().tasks().any_ready().await? {
            let claim = self.try_claim().await?;
            if claim.is_some() || delay > LAST_CLAIM_DELAY {
                return Ok(claim);
            }
            tokio::time::sleep(delay).await;
            delay *= 2;
        }
        Ok(None)
    }

    async fn try_claim(&self) -> Result<Option<Claim>, Error> {
        let now = self.context.now();
        let until = self.lease_end(now);
        let claim = self
            .context
            .transact(|tx| Box::pin(async move { tx.tasks().claim(now, until).await }))
            .await?;
        if let Some(claim) = &claim {
            // More tasks may be ready for idle workers.
            self.signals.notify_ready();
            self.signals.notify_changed(claim.task.id);
        }
        Ok(claim)
    }

    /// Returns when a lease that is granted or renewed at `now` expires.
    fn lease_end(&self, now: Timestamp) -> Timestamp {
        now + TimeDelta::from_std(self.lease).unwrap_or(TimeDelta::MAX)
    }

    async fn execute(&self, claim: &Claim, slot: Slot<'_>) {
        match self.attempt(claim, slot).await {
            TaskAttempt::Completed(outcome) => self.conclude(claim, *outcome).await,
            TaskAttempt::LeaseLost => log_lost_lease(claim),
            TaskAttempt::Interrupted => self.release(claim).await,
        }
        self.signals.notify_changed(claim.task.id);
    }

    /// Does the work while it keeps the lease. Both run concurrently, so that an unresponsive store delays neither the work
    /// nor a cancellation.
    async fn attempt(&self, claim: &Claim, slot: Slot<'_>) -> TaskAttempt {
        let (pages, done) = watch::channel(0);
        let cancellations = self.signals.cancellations();
        tokio::select! {
            outcome = self.work(&claim.task, Arc::new(Pages(pages))) => TaskAttempt::Completed(Box::new(outcome)),
            () = self.keep_lease(claim, &done) => TaskAttempt::LeaseLost,
            never = free_slot(slot, done.clone(), claim.task.progress.total) => match never {},
            () = cancelled(cancellations, claim.lease.task) => TaskAttempt::LeaseLost,
            () = self.signals.reached(Stage::Releasing) => TaskAttempt::Interrupted,
        }
    }

    async fn work(&self, task: &Task, observer: Arc<dyn PageObserver>) -> Outcome {
        let images = self.context.read().images();
        let found = images.find(task.owner_id, task.image_id).await?;
        let image = found.ok_or(Error::NotFound)?;
        match &task.work {
            TaskWork::Ocr { languages } => self.recognize(&image, languages, observer).await,
            TaskWork::Prediction { model } => self.predict(task.id, &image, model).await,
        }
    }

    async fn recognize(
        &self,
        image: &Image,
        languages: &LanguageSet,
        observer: Arc<dyn PageObserver>,
    ) -> Outcome {
        // The allowed languages may have changed since the submission.
        let languages = self.recognizer.languages(Some(languages.clone()))?;
        let _lock = self.recognizer.lock(image.id, &languages).await;
        if self.recognizer.stored(image.id, &languages).await?.is_some() {
            return Ok(None);
        }
        let text = self.recognizer.recognize(image, languages, observer).await?;
        Ok(Some(TaskResult::Text(text)))
    }

    async fn predict(&self, task: TaskId, image: &Image, model: &ModelReference) -> Outcome {
        let classifier = self.classifier.choose(Some(model))?;
        let content = open_content(&*self.context.store, &*self.blobs, image).await?;
        let id = PredictionId(task.0);
        let prediction = self.classifier.predict(&*classifier, id, image, content).await?;
        Ok(Some(TaskResult::Prediction(prediction)))
    }

    /// Renews the lease and stores the progress. Returns when the lease is void.
    async fn keep_lease(&self, claim: &Claim, done: &watch::Receiver<u32>) {
        let mut renewal = ticks(RENEWAL_INTERVAL.min(self.lease / 3));
        let mut progress = ticks(PROGRESS_INTERVAL);
        let mut stored = 0;
        loop {
            tokio::select! {
                _ = progress.tick() => if *done.borrow() == stored { continue },
                _ = renewal.tick() => {}
            }
            let pages = *done.borrow();
            match self.renew(claim, pages).await {
                Ok(false) => return,
                Ok(true) if pages == stored => {}
                Ok(true) => {
                    stored = pages;
                    self.signals.notify_changed(claim.task.id);
                }
                // The work continues, because the fencing token decides whether its outcome is stored.
                Err(error) => {
                    tracing::warn!(
                        task = %claim.task.id,
                        error = &error as &dyn std::error::Error,
                        "the lease was not renewed"
                    );
                    tokio::time::sleep(RETRY_DELAY.min(self.lease / 3)).await;
                }
            }
        }
    }

    async fn renew(&self, claim: &Claim, pages: u32) -> Result<bool, Error> {
        let until = self.lease_end(self.context.now());
        self.context
            .transact(|tx| Box::pin(async move { Ok(tx.tasks().renew(&claim.lease, until, pages).await?) }))
            .await
    }

    /// Stores the outcome. Retries while the store fails, until the lease would have expired or the process shuts down.
    async fn conclude(&self, claim: &Claim, outcome: Outcome) {
        let task = claim.task.id;
        if let Err(error) = &outcome {
            tracing::info!(%task, error = error as &dyn std::error::Error, "an attempt failed");
        }
        let deadline = self.lease_end(self.context.now());
        loop {
            match self.store_outcome(claim, &outcome).await {
                Ok(true) => return count(&outcome),
                Ok(false) => return log_lost_lease(claim),
                Err(error) => {
                    tracing::warn!(%task, error = &error as &dyn std::error::Error, "the outcome was not stored");
                    if self.context.now() >= deadline {
                        return;
                    }
                    tokio::select! {
                        () = tokio::time::sleep(RETRY_DELAY) => {}
                        () = self.signals.reached(Stage::Releasing) => return,
                    }
                }
            }
        }
    }

    /// Stores the result and ends the task in one commit. Returns `false` if the lease is void.
    async fn store_outcome(&self, claim: &Claim, outcome: &Outcome) -> Result<bool, Error> {
        let mut stored = self.try_store_outcome(claim, outcome).await;
        if let Err(NotStored::TextExists) = stored {
            // A request has stored the same text since, so only the end of the task is missing.
            stored = self.try_store_outcome(claim, &Ok(None)).await;
        }
        match stored {
            Ok(()) => Ok(true),
            Err(NotStored::LeaseLost) => Ok(false),
            Err(NotStored::TextExists) => Err(StoreError::Conflict(Conflict::Text).into()),
            Err(NotStored::Failed(error)) => Err(error),
        }
    }

    async fn try_store_outcome(&self, claim: &Claim, outcome: &Outcome) -> Result<(), NotStored> {
        let now = self.context.now();
        self.context
            .transact(|tx| {
                Box::pin(async move {
                    let held = match outcome {
                        Err(error) => {
                            let failure = failure_of(error);
                            end_failed_attempt(tx, claim, failure, is_retryable(error), now).await?
                        }
                        Ok(result) => {
                            insert(tx, result.as_ref()).await?;
                            let succeeded = TaskOutcome::Succeeded;
                            tx.tasks().finish(&claim.lease, &succeeded, now).await?
                        }
                    };
                    held.then_some(()).ok_or(NotStored::LeaseLost)
                })
            })
            .await
    }

    async fn release(&self, claim: &Claim) {
        let now = self.context.now();
        let released = self
            .context
            .transact(|tx| Box::pin(async move { tx.tasks().release(&claim.lease, now).await }))
            .await;
        match released {
            Ok(true) => tracing::info!(task = %claim.task.id, "the task was released"),
            Ok(false) => log_lost_lease(claim),
            // The reaper ends the attempt when the lease expires.
            Err(error) => {
                tracing::warn!(
                    task = %claim.task.id,
                    error = &error as &dyn std::error::Error,
                    "the task was not released"
                );
            }
        }
    }
}

/// Why an outcome was not stored. The transaction was rolled back.
enum NotStored {
    /// The lease is void, or the image was deleted and the task cancelled with it.
    LeaseLost,
    /// The image has a text in these languages.
    TextExists,
    /// The store failed.
    Failed(Error),
}

impl From<StoreError> for NotStored {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(Conflict::Text) => Self::TextExists,
            StoreError::OwnerDeleted => Self::LeaseLost,
            error => Self::Failed(error.into()),
        }
    }
}

impl From<Error> for NotStored {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl TransactionError for NotStored {
    fn is_serialization_failure(&self) -> bool {
        matches!(self, Self::Failed(error) if error.is_serialization_failure())
    }
}

/// Inserts the result of a task.
async fn insert(tx: &dyn Transaction, result: Option<&TaskResult>) -> Result<(), StoreError> {
    match result {
        Some(TaskResult::Text(text)) => tx.texts().insert(text).await,
        Some(TaskResult::Prediction(prediction)) => tx.predictions().insert(prediction).await,
        None => Ok(()),
    }
}

fn log_lost_lease(claim: &Claim) {
    tracing::info!(task = %claim.task.id, "the lease of the task was lost");
}

/// Counts a completed attempt.
fn count(outcome: &Outcome) {
    let code = outcome
        .as_ref()
        .map_or_else(|error| error.code().as_str(), |_| "succeeded");
    metrics::counter!("ocellus_task_attempts_total", "outcome" => code).increment(1);
}

/// Waits until the task is cancelled in this process. The next renewal detects a cancellation whose signal was missed.
async fn cancelled(mut cancellations: broadcast::Receiver<TaskId>, task: TaskId) {
    while cancellations.recv().await != Ok(task) {}
}

/// Frees the slot when the last page begins.
async fn free_slot(slot: Slot<'_>, mut done: watch::Receiver<u32>, pages: u32) -> Infallible {
    // Fails when the work has ended and dropped the sender. Then this future is dropped, too.
    let _ = done.wait_for(|done| done.saturating_add(1) >= pages).await;
    drop(slot);
    pending().await
}

/// An interval whose first tick is after one period.
fn ticks(period: Duration) -> Interval {
    let mut ticks = interval_at(Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Publishes the number of recognized pages.
struct Pages(watch::Sender<u32>);

impl PageObserver for Pages {
    fn pages_done(&self, count: u32) {
        self.0.send_replace(count);
    }
}

#[cfg(test)]
#[path = "worker_tests/mod.rs"]
mod tests;
