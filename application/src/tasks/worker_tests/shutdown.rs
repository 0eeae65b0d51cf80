//! What a worker does when the process ends.

use super::*;
use futures_util::future::join;
use tokio::time::sleep;

const SOON: Duration = Duration::from_millis(500);

fn handing_back() -> MockRepositories {
    let mut work = MockRepositories::default();
    work.tasks
        .expect_release()
        .withf(|given, now| *given == lease() && *now == after(SOON))
        .times(1)
        .returning(|_, _| Ok(true));
    work
}

/// Runs a called worker until it ends; how long that took, with what was signalled a little after its begin.
async fn run(worker: &TaskWorker, signal: fn(&TaskSignals)) -> Duration {
    let start = Instant::now();
    worker.signals.notify_ready();
    let signalling = async {
        sleep(SOON).await;
        signal(&worker.signals);
    };
    soon(join(worker.run(), signalling)).await;
    start.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_process_that_ends_looks_for_no_task() {
    let store = Arc::new(MockStore::default());
    let worker = worker(&store, fixtures::engine());
    worker.signals.drain();
    worker.signals.notify_ready();
    assert_eq!(worker.execute_all().await.expect("no look"), 0);
    soon(worker.run()).await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_waits_for_a_call_is_let_go() {
    let store = Arc::new(MockStore::reading(with_looks([false])));
    let worker = worker(&store, fixtures::engine());
    assert_eq!(run(&worker, TaskSignals::drain).await, SOON);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_was_begun_is_done_before_the_process_ends() {
    let store = Arc::new(with_claimed(1).then_work(succeeding()));
    let worker = worker(&store, SlowEngine::taking(SOON * 3));
    assert_eq!(run(&worker, TaskSignals::drain).await, SOON * 3);
    assert_eq!(store.commits(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_takes_too_long_is_handed_back_and_its_work_dropped() {
    let store = Arc::new(with_claimed(1).then_work(handing_back()));
    let engine = SlowEngine::endless();
    let running = engine.running.clone();
    let worker = worker(&store, engine);
    let mut changes = worker.signals.changes();
    assert_eq!(run(&worker, TaskSignals::release).await, SOON);
    assert_eq!(store.commits(), 2);
    assert!(!running.load(Ordering::SeqCst));
    let task = fixtures::task().id;
    assert_eq!((changes.try_recv(), changes.try_recv()), (Ok(task), Ok(task)));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_cannot_be_handed_back_is_left_to_whoever_finds_its_lease_run_out() {
    let store = Arc::new(with_claimed(1).then_outage());
    let worker = worker(&store, SlowEngine::endless());
    assert_eq!(run(&worker, TaskSignals::release).await, SOON);
    assert_eq!((store.commits(), store.left()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn an_outcome_that_the_store_does_not_take_does_not_hold_up_the_end() {
    let store = Arc::new(with_claimed(1).then_outage());
    let worker = worker(&store, SlowEngine::taking(Duration::ZERO));
    assert_eq!(run(&worker, TaskSignals::release).await, SOON);
    assert_eq!((store.commits(), store.left()), (1, 0));
}
