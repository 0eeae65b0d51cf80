//! How a worker keeps its task while it works, and how it loses it.

use super::*;
use futures_util::future::join;
use tokio::time::sleep;
use uuid::Uuid;

/// A unit of work that keeps the task until so long after the test began.
fn renewing(until: Duration, pages: u32, kept: bool) -> MockRepositories {
    let mut work = MockRepositories::default();
    work.tasks
        .expect_renew()
        .withf(move |given, given_until, done| {
            *given == lease() && *given_until == after(until) && *done == pages
        })
        .times(1)
        .returning(move |_, _, _| Ok(kept));
    work
}

async fn drain(worker: &TaskWorker) -> u64 {
    soon(worker.execute_all()).await.expect("worked")
}

#[tokio::test(start_paused = true)]
async fn a_claim_lasts_as_long_as_the_lease() {
    let mut work = MockRepositories::default();
    work.tasks
        .expect_claim()
        .withf(|now, until| *now == fixtures::now() && *until == after(LEASE))
        .times(1)
        .returning(|_, _| Ok(None));
    let store = Arc::new(MockStore::reading(with_ready(1)).then_work(work));
    assert_eq!(drain(&worker(&store, fixtures::engine())).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_long_lease_is_renewed_every_two_seconds() {
    let store = with_claimed(1)
        .then_work(renewing(Duration::from_secs(2) + LEASE, 0, true))
        .then_work(renewing(Duration::from_secs(4) + LEASE, 0, true))
        .then_work(succeeding());
    let store = Arc::new(store);
    let worker = worker(&store, SlowEngine::taking(Duration::from_secs(5)));
    let mut changes = worker.signals.changes();
    drain(&worker).await;
    assert_eq!(store.commits(), 4);
    assert_eq!(told(&mut changes), 2, "begun, ended");
}

#[tokio::test(start_paused = true)]
async fn a_short_lease_is_renewed_at_each_third_of_it() {
    let lease = Duration::from_secs(3);
    let store = with_claimed(1)
        .then_work(renewing(Duration::from_secs(1) + lease, 0, true))
        .then_work(renewing(Duration::from_secs(2) + lease, 0, true))
        .then_work(succeeding());
    let store = Arc::new(store);
    let worker = TaskWorker {
        lease,
        ..worker(&store, SlowEngine::taking(milliseconds(2500)))
    };
    drain(&worker).await;
    assert_eq!(store.commits(), 4);
}

#[tokio::test(start_paused = true)]
async fn work_goes_on_while_the_store_is_out() {
    let store = with_claimed(1)
        .then_outage()
        .then_failing_commit(renewing(Duration::from_secs(4) + LEASE, 0, true))
        .then_work(succeeding());
    let store = Arc::new(store);
    drain(&worker(&store, SlowEngine::taking(Duration::from_secs(5)))).await;
    assert_eq!((store.commits(), store.left()), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_taken_away_is_dropped_at_the_next_renewal() {
    let store = with_claimed(1).then_work(renewing(Duration::from_secs(2) + LEASE, 0, false));
    let store = Arc::new(store);
    let engine = SlowEngine::endless();
    let running = engine.running.clone();
    let start = Instant::now();
    drain(&worker(&store, engine)).await;
    assert_eq!(start.elapsed(), Duration::from_secs(2));
    assert!(!running.load(Ordering::SeqCst));
    assert_eq!(store.left(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_task_is_dropped_at_once_and_nothing_written() {
    let store = Arc::new(with_claimed(1));
    let engine = SlowEngine::endless();
    let running = engine.running.clone();
    let worker = worker(&store, engine);
    let start = Instant::now();
    join(drain(&worker), async {
        sleep(milliseconds(100)).await;
        assert!(running.load(Ordering::SeqCst));
        worker.signals.notify_cancelled(fixtures::task().id);
    })
    .await;
    assert_eq!(start.elapsed(), milliseconds(100));
    assert!(!running.load(Ordering::SeqCst));
    assert_eq!(store.commits(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_cancellation_of_another_task_changes_nothing() {
    let store = Arc::new(with_claimed(1).then_work(succeeding()));
    let worker = worker(&store, SlowEngine::taking(milliseconds(200)));
    join(drain(&worker), async {
        sleep(milliseconds(100)).await;
        worker.signals.notify_cancelled(TaskId(Uuid::from_u128(1)));
    })
    .await;
    assert_eq!(store.commits(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_is_heard_while_the_store_is_silent() {
    let store = Arc::new(with_claimed(1).then_silence());
    let engine = SlowEngine::endless();
    let running = engine.running.clone();
    let worker = worker(&store, engine);
    let start = Instant::now();
    join(drain(&worker), async {
        sleep(Duration::from_secs(3)).await;
        worker.signals.notify_cancelled(fixtures::task().id);
    })
    .await;
    assert_eq!(start.elapsed(), Duration::from_secs(3));
    assert!(!running.load(Ordering::SeqCst));
}

#[tokio::test(start_paused = true)]
async fn work_goes_on_while_the_store_is_silent() {
    let store = Arc::new(with_claimed(1).then_silence().then_work(succeeding()));
    let start = Instant::now();
    drain(&worker(&store, SlowEngine::taking(Duration::from_secs(3)))).await;
    assert_eq!(start.elapsed(), Duration::from_secs(3));
    assert_eq!(store.commits(), 2);
}

/// The changes that were told of, if all are of the task.
fn told(changes: &mut tokio::sync::broadcast::Receiver<TaskId>) -> usize {
    let told = std::iter::from_fn(|| changes.try_recv().ok());
    told.inspect(|task| assert_eq!(*task, fixtures::task().id))
        .count()
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_done_is_written_and_told_of_soon() {
    let store = with_claimed(1)
        .then_work(renewing(milliseconds(300) + LEASE, 1, true))
        .then_work(renewing(milliseconds(900) + LEASE, 2, true))
        .then_work(succeeding());
    let store = Arc::new(store);
    let engine = SlowEngine {
        pages: vec![milliseconds(100), milliseconds(600)],
        ..SlowEngine::taking(milliseconds(300))
    };
    let worker = worker(&store, engine);
    let mut changes = worker.signals.changes();
    drain(&worker).await;
    assert_eq!(store.commits(), 4);
    assert_eq!(told(&mut changes), 4, "begun, two pages, ended");
}

#[tokio::test(start_paused = true)]
async fn pages_that_are_done_in_quick_succession_are_written_once() {
    let store = with_claimed(1)
        .then_work(renewing(milliseconds(300) + LEASE, 3, true))
        .then_work(succeeding());
    let store = Arc::new(store);
    let engine = SlowEngine {
        pages: vec![milliseconds(50); 3],
        ..SlowEngine::taking(milliseconds(800))
    };
    drain(&worker(&store, engine)).await;
    assert_eq!(store.commits(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_page_whose_note_failed_is_written_a_little_later() {
    let store = with_claimed(1)
        .then_outage()
        .then_work(renewing(milliseconds(300) + RETRY_DELAY + LEASE, 1, true))
        .then_work(succeeding());
    let store = Arc::new(store);
    let engine = SlowEngine {
        pages: vec![milliseconds(100)],
        ..SlowEngine::taking(milliseconds(1500))
    };
    let worker = worker(&store, engine);
    let mut changes = worker.signals.changes();
    drain(&worker).await;
    assert_eq!((store.commits(), store.left()), (3, 0));
    assert_eq!(told(&mut changes), 3, "begun, one page, ended");
}
