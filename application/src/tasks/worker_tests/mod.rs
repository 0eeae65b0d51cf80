mod leases;
mod notifications;
mod outcomes;
mod predictions;
mod shutdown;
mod slots;

use super::*;
use crate::fixtures;
use async_trait::async_trait;
use chrono::TimeDelta;
use domain::{
    clock::Timestamp,
    images::{ByteSource, MediaType},
    ocr::{Language, LanguageSet, OcrEngine, OcrError, Recognition},
    store::test_support::{MockRepositories, MockStore},
    tasks::{Lease, TaskStatus},
};
use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};
use tokio::time::Instant;

const LEASE: Duration = Duration::from_mins(1);
const POLL_INTERVAL: Duration = Duration::from_secs(40);

fn milliseconds(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// What comes in less than an hour of the test's own time.
async fn soon<F: Future>(future: F) -> F::Output {
    let outcome = tokio::time::timeout(Duration::from_hours(1), future).await;
    outcome.expect("nothing hangs")
}

/// This long after the test began.
fn after(span: Duration) -> Timestamp {
    fixtures::now() + TimeDelta::from_std(span).expect("a short test")
}

fn lease() -> Lease {
    Lease {
        task: fixtures::task().id,
        token: 4,
    }
}

/// The task in a worker's hands, in this attempt.
fn claim(attempts: u32) -> Claim {
    Claim {
        task: Task {
            status: TaskStatus::Running,
            attempts,
            ..fixtures::task()
        },
        lease: lease(),
    }
}

/// Reads in which looks for ready tasks find this, in order.
fn with_looks(found: impl IntoIterator<Item = bool, IntoIter: Send + 'static>) -> MockRepositories {
    let found = Mutex::new(found.into_iter());
    let mut reads = MockRepositories::default();
    reads
        .tasks
        .expect_any_ready()
        .returning(move || Ok(found.lock().expect("unpoisoned").next().expect("one more look")));
    reads
}

/// Reads with so many ready tasks, their image, and no text.
fn with_ready(count: usize) -> MockRepositories {
    let mut reads = with_looks((0..=count).map(move |looked| looked < count));
    reads
        .images
        .expect_find()
        .withf(|owner, id| (*owner, *id) == (fixtures::owner(), fixtures::image_id()))
        .returning(|_, _| Ok(Some(fixtures::image())));
    reads.texts.expect_find().returning(|_, _| Ok(None));
    reads
}

/// A store with one ready task, which is claimed in this attempt.
fn with_claimed(attempts: u32) -> MockStore {
    MockStore::reading(with_ready(1)).then_work(claiming(attempts))
}

fn claiming(attempts: u32) -> MockRepositories {
    let mut work = MockRepositories::default();
    work.tasks
        .expect_claim()
        .times(1)
        .return_once(move |_, _| Ok(Some(claim(attempts))));
    work
}

/// A unit of work in which the task is ended so, for as long as the lease is good.
fn finishing(expected: TaskOutcome, good: bool) -> MockRepositories {
    let mut work = MockRepositories::default();
    work.tasks
        .expect_finish()
        .withf(move |given, outcome, _| *given == lease() && *outcome == expected)
        .times(1)
        .returning(move |_, _, _| Ok(good));
    work
}

/// Adds to a unit of work that the text is stored in it.
fn storing(mut work: MockRepositories, stored: Result<(), StoreError>) -> MockRepositories {
    work.texts
        .expect_insert()
        .withf(|text| *text == fixtures::text())
        .times(1)
        .return_once(|_| stored);
    work
}

/// A unit of work in which everything succeeds.
fn succeeding() -> MockRepositories {
    storing(finishing(TaskOutcome::Succeeded, true), Ok(()))
}

fn worker(store: &Arc<MockStore>, engine: impl OcrEngine + 'static) -> TaskWorker {
    let signals = Arc::new(TaskSignals::default());
    TaskWorker {
        context: Context {
            clock: fixtures::running_clock(),
            ..fixtures::context(store)
        },
        blobs: Arc::new(fixtures::readable_blobs()),
        recognizer: fixtures::recognizer(store, engine),
        classifier: fixtures::image_classifier(vec![]),
        notifications: signals.clone(),
        signals,
        lease: LEASE,
        poll_interval: POLL_INTERVAL,
        slots: Semaphore::new(1),
    }
}

fn recognition() -> Recognition {
    Recognition {
        pages: vec![fixtures::page()],
        engine: fixtures::text().engine,
        duration_ms: fixtures::text().duration_ms,
    }
}

/// An engine that takes its time.
struct SlowEngine {
    /// Before each page.
    pages: Vec<Duration>,
    /// After the last page; without it the reading never ends.
    rest: Option<Duration>,
    running: Arc<AtomicBool>,
}

impl SlowEngine {
    /// Takes so long and tells nothing meanwhile.
    fn taking(span: Duration) -> Self {
        Self {
            pages: vec![],
            rest: Some(span),
            running: Arc::default(),
        }
    }

    /// Never comes to an end.
    fn endless() -> Self {
        Self {
            pages: vec![],
            rest: None,
            running: Arc::default(),
        }
    }
}

/// Notes when the reading ends, or is dropped.
struct Reading(Arc<AtomicBool>);

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

#[async_trait]
impl OcrEngine for SlowEngine {
    fn languages(&self) -> Vec<Language> {
        fixtures::languages("eng").iter().cloned().collect()
    }

    async fn recognize(
        &self,
        _media_type: MediaType,
        _content: Box<dyn ByteSource>,
        _languages: &LanguageSet,
        observer: Arc<dyn PageObserver>,
    ) -> Result<Recognition, OcrError> {
        self.running.store(true, Ordering::SeqCst);
        let _reading = Reading(self.running.clone());
        for (done, page) in (1..).zip(&self.pages) {
            tokio::time::sleep(*page).await;
            observer.pages_done(done);
        }
        match self.rest {
            Some(rest) => tokio::time::sleep(rest).await,
            None => std::future::pending().await,
        }
        Ok(recognition())
    }
}
