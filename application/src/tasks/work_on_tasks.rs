//! A worker: it claims a task, does it, and writes down what came of it.

use super::{
    TaskResult, TaskSignals,
    attempt::{end_failed, failure_of, may_pass},
    signals::Stage,
};
use crate::{Error, images::open_content, ocr::TextReader, predictions::ImageClassifier};
use domain::{
    clock::Clock,
    ids::{PredictionId, TaskId},
    images::{BlobStore, Image},
    ocr::{LanguageSet, PageObserver},
    predictions::ModelReference,
    store::{Conflict, Store, StoreError, Transaction},
    tasks::{Claim, Delivery, Task, TaskNotifications, TaskOutcome, TaskWork},
};
use std::{convert::Infallible, future::pending, sync::Arc, time::Duration};
use tokio::sync::{Semaphore, SemaphorePermit, broadcast, watch};

/// The rest after the store failed.
pub(super) const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// So many tasks a worker does that nobody called him for, before he listens again.
const UNCALLED: u64 = 10;
/// How long he listens then: enough to connect to a broker.
const LISTEN: Duration = Duration::from_secs(1);

/// Works on tasks, one at a time; several run at once on the same value, and take turns.
pub struct TaskWorker {
    /// Where tasks and what they come to are kept.
    pub store: Arc<dyn Store>,
    /// Where the bytes of images are kept.
    pub blobs: Arc<dyn BlobStore>,
    /// Reads text.
    pub reader: Arc<TextReader>,
    /// Classifies.
    pub classifier: Arc<ImageClassifier>,
    /// Calls to work.
    pub calls: Arc<dyn TaskNotifications>,
    /// Tells of changes, hears of cancellations and of the end of the process.
    pub signals: Arc<TaskSignals>,
    /// How long a lease lasts.
    pub clock: Arc<dyn Clock>,
    /// How long a task stays with a worker that gives no sign of life.
    pub lease: Duration,
    /// How soon a task is found whose call was lost.
    pub look_every: Duration,
    /// As many tasks are worked on at once. A turn lasts from the wait for a task until its last page is begun: whoever
    /// has the next turn claims while that page is read, and the engine need not wait for work between two tasks.
    pub turns: Semaphore,
}

/// The right to take on a task.
type Turn<'turns> = SemaphorePermit<'turns>;

/// What there is to store, or nothing when that was stored before.
type Outcome = Result<Option<TaskResult>, Error>;

/// What became of a claimed task's work.
enum Attempt {
    /// It came to an end of its own.
    Done(Box<Outcome>),
    /// The lease is void: somebody else decides about the task now.
    Lost,
    /// The process ends first.
    Interrupted,
}

impl TaskWorker {
    /// Works until the process ends.
    pub async fn run(&self) {
        let mut patience = self.look_every;
        while let Some(turn) = self.turn().await {
            let call = tokio::select! {
                biased;
                () = self.signals.reached(Stage::Finishing) => return,
                call = tokio::time::timeout(patience, self.calls.next()) => call.ok(),
            };
            patience = self.look_every;
            let worked = match call {
                Some(call) => self.follow(call, turn).await,
                // For tasks that lie there though nobody called, nobody may ever call. Now and then he listens again, or
                // he would never be reached by a broker that is back.
                None => self.work_off(UNCALLED, Some(turn)).await.map(|count| {
                    if count == UNCALLED {
                        patience = LISTEN.min(self.look_every);
                    }
                }),
            };
            // The call, if there was one, comes again.
            if let Err(error) = worked {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "no task could be claimed"
                );
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
    }

    /// Follows a call. It is answered once the task is claimed, for from then on the lease watches over it; a broker would
    /// not wait as long as a long document takes.
    async fn follow(&self, call: Box<dyn Delivery>, turn: Turn<'_>) -> Result<(), Error> {
        let claim = self.claim().await?;
        call.ack().await;
        if let Some(claim) = claim {
            self.perform(&claim, turn).await;
        }
        Ok(())
    }

    /// Works until no task is ready; how many there were.
    pub async fn drain(&self) -> Result<u64, Error> {
        self.work_off(u64::MAX, self.turn().await).await
    }

    /// Works on so many tasks, or until none is ready; how many there were.
    async fn work_off(&self, most: u64, first: Option<Turn<'_>>) -> Result<u64, Error> {
        let (mut count, mut next) = (0, first);
        while let Some(turn) = next
            && let Some(claim) = self.claim().await?
        {
            self.perform(&claim, turn).await;
            count += 1;
            next = if count < most { self.turn().await } else { None };
        }
        Ok(count)
    }

    /// Waits for a turn; none when the process takes on no more work.
    async fn turn(&self) -> Option<Turn<'_>> {
        tokio::select! {
            biased;
            () = self.signals.reached(Stage::Finishing) => None,
            turn = self.turns.acquire() => turn.ok(),
        }
    }

    async fn perform(&self, claim: &Claim, turn: Turn<'_>) {
        match self.attempt(claim, turn).await {
            Attempt::Done(outcome) => self.conclude(claim, *outcome).await,
            Attempt::Lost => tracing::info!(task = %claim.task.id, "the task was taken away"),
            Attempt::Interrupted => self.hand_back(claim).await,
        }
        self.signals.tell_changed(claim.task.id);
    }

    /// Does the work while keeping the lease. All of it goes on at once, so that a store that does not answer holds up
    /// neither the work nor its end.
    async fn attempt(&self, claim: &Claim, turn: Turn<'_>) -> Attempt {
        let (pages, done) = watch::channel(0);
        let cancellations = self.signals.cancellations();
        tokio::select! {
            outcome = self.work(&claim.task, Arc::new(Pages(pages))) => Attempt::Done(Box::new(outcome)),
            () = self.keep(claim, &done) => Attempt::Lost,
            never = give_up(turn, done.clone(), claim.task.progress.total) => match never {},
            () = cancelled(cancellations, claim.lease.task) => Attempt::Lost,
            () = self.signals.reached(Stage::Over) => Attempt::Interrupted,
        }
    }

    async fn work(&self, task: &Task, observer: Arc<dyn PageObserver>) -> Outcome {
        let found = self
            .store
            .read()
            .images()
            .find(task.owner_id, task.image_id)
            .await?;
        let image = found.ok_or(Error::NotFound)?;
        match &task.work {
            TaskWork::Ocr { languages } => self.read(&image, languages, observer).await,
            TaskWork::Prediction { model } => self.predict(task.id, &image, model).await,
        }
    }

    async fn read(&self, image: &Image, languages: &LanguageSet, observer: Arc<dyn PageObserver>) -> Outcome {
        // Allowed languages may have changed since the task was submitted.
        let languages = self.reader.languages(Some(languages.clone()))?;
        let _turn = self.reader.turn(image.id, &languages).await;
        if self.reader.stored(image.id, &languages).await?.is_some() {
            return Ok(None);
        }
        let text = self.reader.read(image, languages, observer).await?;
        Ok(Some(TaskResult::Text(text)))
    }

    async fn predict(&self, task: TaskId, image: &Image, model: &ModelReference) -> Outcome {
        let classifier = self.classifier.choose(Some(model))?;
        let content = open_content(&*self.store, &*self.blobs, image).await?;
        let id = PredictionId(task.0);
        let prediction = self.classifier.predict(&*classifier, id, image, content).await?;
        Ok(Some(TaskResult::Prediction(prediction)))
    }

    /// Writes down what came of a task, again and again while the store is out, the lease lasts and the process does.
    async fn conclude(&self, claim: &Claim, outcome: Outcome) {
        let task = claim.task.id;
        if let Err(error) = &outcome {
            tracing::info!(%task, error = error as &dyn std::error::Error, "an attempt failed");
        }
        let until = self.lease_end(self.clock.now());
        loop {
            match self.write(claim, &outcome).await {
                Ok(true) => return count(&outcome),
                Ok(false) => return tracing::info!(%task, "the task was taken away"),
                Err(error) => {
                    tracing::warn!(%task, error = &error as &dyn std::error::Error, "no outcome was written");
                    if self.clock.now() >= until {
                        return;
                    }
                    tokio::select! {
                        () = tokio::time::sleep(AFTER_FAILURE) => {}
                        () = self.signals.reached(Stage::Over) => return,
                    }
                }
            }
        }
    }

    /// False when the lease is void.
    async fn write(&self, claim: &Claim, outcome: &Outcome) -> Result<bool, Error> {
        let now = self.clock.now();
        let unit = self.store.begin().await?;
        let written = match outcome {
            Err(error) => end_failed(&*unit, claim, failure_of(error), may_pass(error), now).await?,
            Ok(result) => {
                match add(&*unit, result.as_ref()).await {
                    // A request read the same meanwhile: then that counts.
                    Err(StoreError::Conflict(Conflict::Text)) => {
                        drop(unit);
                        return Box::pin(self.write(claim, &Ok(None))).await;
                    }
                    // The image is gone, and the task cancelled with it.
                    Err(StoreError::OwnerDeleted) => return Ok(false),
                    added => added?,
                }
                unit.tasks()
                    .finish(&claim.lease, &TaskOutcome::Succeeded, now)
                    .await?
            }
        };
        if written {
            unit.commit().await?;
        }
        Ok(written)
    }

    async fn hand_back(&self, claim: &Claim) {
        let handed_back = async {
            let unit = self.store.begin().await?;
            let handed_back = unit.tasks().hand_back(&claim.lease, self.clock.now()).await?;
            unit.commit().await?;
            Ok::<bool, Error>(handed_back)
        };
        match handed_back.await {
            Ok(true) => tracing::info!(task = %claim.task.id, "the task was handed back"),
            Ok(false) => tracing::info!(task = %claim.task.id, "the task was taken away"),
            // Its lease runs out.
            Err(error) => {
                tracing::warn!(task = %claim.task.id, error = &error as &dyn std::error::Error, "the task was left behind");
            }
        }
    }
}

/// Adds what a task came to to a unit of work.
async fn add(unit: &dyn Transaction, result: Option<&TaskResult>) -> Result<(), StoreError> {
    match result {
        Some(TaskResult::Text(text)) => unit.texts().insert(text).await,
        Some(TaskResult::Prediction(prediction)) => unit.predictions().insert(prediction).await,
        None => Ok(()),
    }
}

/// Counts a finished attempt.
fn count(outcome: &Outcome) {
    let code = outcome
        .as_ref()
        .map_or_else(|error| error.code().as_str(), |_| "succeeded");
    metrics::counter!("ocellus_task_attempts_total", "outcome" => code).increment(1);
}

/// Waits until the task is cancelled here. A cancellation that was missed is found at the next renewal.
async fn cancelled(mut cancellations: broadcast::Receiver<TaskId>, task: TaskId) {
    while cancellations.recv().await != Ok(task) {}
}

/// Gives up the turn when the last of the pages begins.
async fn give_up(turn: Turn<'_>, mut done: watch::Receiver<u32>, pages: u32) -> Infallible {
    // The sender is gone when the work is, and then this is not polled again.
    let _ = done.wait_for(|done| done.saturating_add(1) >= pages).await;
    drop(turn);
    pending().await
}

/// Passes on how many pages are done.
struct Pages(watch::Sender<u32>);

impl PageObserver for Pages {
    fn pages_done(&self, count: u32) {
        self.0.send_replace(count);
    }
}

#[cfg(test)]
#[path = "work_on_tasks_tests/mod.rs"]
mod tests;
